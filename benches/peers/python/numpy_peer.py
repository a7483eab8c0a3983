"""numpy on the works: matrices of samples in rows, and gradients by hand."""

import harness
import numpy as np
from harness import BATCH, IMAGES_RATE, POLICY_RATE, XOR_INPUTS, XOR_RATE, XOR_TARGETS


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0, out=x)


def forward(layers, values, hidden):
    for weights, bias in layers[:-1]:
        values = hidden(values @ weights + bias)
    weights, bias = layers[-1]
    return values @ weights + bias


class Xor:
    def __init__(self):
        (self.w1, self.b1), (self.w2, self.b2) = harness.xor_layers()

    def step(self, x, t):
        h = sigmoid(x @ self.w1 + self.b1)
        y = sigmoid(h @ self.w2 + self.b2)
        dy = np.float32(2 * XOR_RATE / len(x)) * (y - t) * y * (1 - y)
        dh = (dy @ self.w2.T) * h * (1 - h)
        self.w2 -= h.T @ dy
        self.b2 -= dy.sum(0)
        self.w1 -= x.T @ dh
        self.b1 -= dh.sum(0)

    def loss(self):
        h = sigmoid(XOR_INPUTS @ self.w1 + self.b1)
        return ((sigmoid(h @ self.w2 + self.b2) - XOR_TARGETS) ** 2).mean()


def xor_step():
    network = Xor()
    samples = [(XOR_INPUTS[i : i + 1], XOR_TARGETS[i : i + 1]) for i in range(4)]
    turn = 0

    def step():
        nonlocal turn
        network.step(*samples[turn % 4])
        turn += 1

    for _ in range(harness.XOR_STEPS):
        step()
    return network.loss(), step


def xor_epoch():
    network = Xor()

    def epoch():
        network.step(XOR_INPUTS, XOR_TARGETS)

    for _ in range(harness.XOR_STEPS):
        epoch()
    return network.loss(), epoch


def forward_of(layers, inputs, hidden):
    check = harness.weighted_sum(forward(layers, inputs, hidden))
    return check, lambda: forward(layers, inputs, hidden)


def images_step():
    (w1, b1), (w2, b2) = harness.images_layers()
    x, classes = harness.images_batch()
    rows = np.arange(BATCH)

    def step():
        nonlocal w1, b1, w2, b2
        h = relu(x @ w1 + b1)
        y = h @ w2 + b2
        y -= y.max(1, keepdims=True)
        powers = np.exp(y)
        sums = powers.sum(1, keepdims=True)
        loss = (np.log(sums[:, 0]) - y[rows, classes]).mean()
        dy = powers / sums
        dy[rows, classes] -= 1
        dy *= np.float32(IMAGES_RATE / BATCH)
        dh = dy @ w2.T
        dh[h <= 0] = 0
        w2 -= h.T @ dy
        b2 -= dy.sum(0)
        w1 -= x.T @ dh
        b1 -= dh.sum(0)
        return loss

    for _ in range(harness.IMAGES_STEPS):
        step()
    return step(), step


def policy_step():
    layers = harness.policy_layers()
    (w1, b1), (w2, b2), (w3, b3) = layers
    parameters = [w1, b1, w2, b2, w3, b3]
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    x, t = harness.policy_batch()
    steps = 0

    def step():
        nonlocal steps
        p = np.tanh(x @ w1 + b1)
        q = np.tanh(p @ w2 + b2)
        error = q @ w3 + b3 - t
        dy = error * np.float32(2 / error.size)
        dq = (dy @ w3.T) * (1 - q * q)
        dp = (dq @ w2.T) * (1 - p * p)
        gradient = [x.T @ dp, dp.sum(0), p.T @ dq, dq.sum(0), q.T @ dy, dy.sum(0)]
        steps += 1
        rate = np.float32(POLICY_RATE / (1 - 0.9**steps))
        of_square = np.float32(1 / (1 - 0.999**steps))
        for parameter, slope, mean, square in zip(parameters, gradient, means, squares):
            mean *= np.float32(0.9)
            mean += np.float32(0.1) * slope
            square *= np.float32(0.999)
            square += np.float32(0.001) * slope * slope
            parameter -= rate * mean / (np.sqrt(square * of_square) + np.float32(1e-8))
        return (error * error).mean()

    for _ in range(harness.POLICY_STEPS):
        step()
    return step(), step


harness.run(
    "numpy",
    {
        "W1": xor_step,
        "W2": xor_epoch,
        "W3": lambda: forward_of(harness.policy_layers(), harness.policy_input(), np.tanh),
        "W4": lambda: forward_of(harness.small_layers(), harness.small_input(), relu),
        "W5": images_step,
        "W6a": lambda: forward_of(harness.images_layers(), harness.images_inputs()[:1], relu),
        "W6b": lambda: forward_of(harness.images_layers(), harness.images_inputs(), relu),
        "W7": policy_step,
    },
)
