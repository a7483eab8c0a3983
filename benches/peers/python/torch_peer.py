"""PyTorch on the works, on the CPU: its layers, losses and optimizers as they are."""

import harness
import torch
from harness import IMAGES_RATE, POLICY_RATE, XOR_INPUTS, XOR_RATE, XOR_TARGETS
from torch import from_numpy, nn
from torch.nn import functional

torch.set_num_threads(1)


def network(layers, hidden, output=None):
    modules = []
    for weights, bias in layers:
        linear = nn.Linear(*weights.shape)
        linear.weight.data.copy_(from_numpy(weights.T.copy()))
        linear.bias.data.copy_(from_numpy(bias))
        modules += [linear, hidden()]
    modules[-1:] = [output()] if output else []
    return nn.Sequential(*modules)


def steps_of(net, optimizer, loss_of, inputs, targets):
    """A function that makes a step, each time on the next batch, and returns the loss before it."""
    batches = [(from_numpy(x), from_numpy(t)) for x, t in zip(inputs, targets)]
    turn = 0

    def step():
        nonlocal turn
        x, t = batches[turn % len(batches)]
        turn += 1
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def xor(batches):
    net = network(harness.xor_layers(), nn.Sigmoid, nn.Sigmoid)
    sgd = torch.optim.SGD(net.parameters(), lr=XOR_RATE)
    inputs = XOR_INPUTS.reshape(batches, -1, 2)
    targets = XOR_TARGETS.reshape(batches, -1, 1)
    step = steps_of(net, sgd, functional.mse_loss, inputs, targets)
    for _ in range(harness.XOR_STEPS):
        step()
    with torch.no_grad():
        loss = functional.mse_loss(net(from_numpy(XOR_INPUTS)), from_numpy(XOR_TARGETS))
    return loss, step


def forward(layers, inputs, hidden):
    net, inputs = network(layers, hidden), from_numpy(inputs)

    @torch.inference_mode()
    def step():
        return net(inputs)

    return harness.weighted_sum(step().numpy()), step


def images_step():
    net = network(harness.images_layers(), nn.ReLU)
    sgd = torch.optim.SGD(net.parameters(), lr=IMAGES_RATE)
    inputs, classes = harness.images_batch()
    step = steps_of(net, sgd, functional.cross_entropy, [inputs], [classes])
    for _ in range(harness.IMAGES_STEPS):
        step()
    return step().detach(), step


def policy_step():
    net = network(harness.policy_layers(), nn.Tanh)
    adam = torch.optim.Adam(net.parameters(), lr=POLICY_RATE)
    inputs, targets = harness.policy_batch()
    step = steps_of(net, adam, functional.mse_loss, [inputs], [targets])
    for _ in range(harness.POLICY_STEPS):
        step()
    return step().detach(), step


def recurrent(kind, gates, width):
    """A step of a stream: cells are faster here than layers with a sequence of one step."""
    cell = kind(1, width)
    of_input, of_state, input_bias, state_bias = map(from_numpy, harness.recurrent_weights(gates, width))
    cell.weight_ih.data.copy_(of_input.T)
    cell.weight_hh.data.copy_(of_state.T)
    cell.bias_ih.data.copy_(input_bias)
    cell.bias_hh.data.copy_(state_bias)
    inputs = [x.reshape(1, 1) for x in from_numpy(harness.recurrent_inputs())]
    state, turn = None, 0

    @torch.inference_mode()
    def step():
        nonlocal state, turn
        state = cell(inputs[turn % len(inputs)], state)
        turn += 1

    for _ in range(harness.RECURRENT_STEPS):
        step()
    return harness.weighted_sum(state if gates == 3 else state[0]), step


def convolution(count):
    weights, bias = harness.convolution_weights()
    layer = nn.Conv2d(8, 16, 3)
    layer.weight.data.copy_(from_numpy(weights))
    layer.bias.data.copy_(from_numpy(bias))
    images = from_numpy(harness.convolution_images()[:count])

    @torch.inference_mode()
    def step():
        return layer(images)

    return harness.weighted_sum(step().numpy()), step


harness.run(
    "PyTorch",
    {
        "W1": lambda: xor(4),
        "W2": lambda: xor(1),
        "W3": lambda: forward(harness.policy_layers(), harness.policy_input(), nn.Tanh),
        "W4": lambda: forward(harness.small_layers(), harness.small_input(), nn.ReLU),
        "W5": images_step,
        "W6a": lambda: forward(harness.images_layers(), harness.images_inputs()[:1], nn.ReLU),
        "W6b": lambda: forward(harness.images_layers(), harness.images_inputs(), nn.ReLU),
        "W7": policy_step,
        "W8a": lambda: recurrent(nn.GRUCell, 3, 16),
        "W8b": lambda: recurrent(nn.GRUCell, 3, 32),
        "W8c": lambda: recurrent(nn.GRUCell, 3, 64),
        "W9a": lambda: recurrent(nn.LSTMCell, 4, 16),
        "W9b": lambda: recurrent(nn.LSTMCell, 4, 32),
        "W9c": lambda: recurrent(nn.LSTMCell, 4, 64),
        "W10a": lambda: convolution(1),
        "W10b": lambda: convolution(32),
    },
)
