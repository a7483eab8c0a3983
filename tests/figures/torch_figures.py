"""Makes `torch.json`, the reference figures the tests compare this crate with.

    pip install torch numpy
    python tests/figures/torch_figures.py

The script writes `torch.json` beside itself. The tests read only that file, so
neither Python nor PyTorch is needed to run them; run the script again only to
add figures or to move to another PyTorch.

Everything is computed on the CPU in float64 from one fixed seed. Inputs that
are drawn at random are rounded to four decimals first and used as rounded, so
that the file stays small and its inputs are exactly what PyTorch was given.
Results are written with as many digits as it takes to read the same float64
back.

Layout: weights are [inputs][outputs], the transpose of `nn.Linear.weight`. Flat
parameters run from the first layer to the last: the weights row by row, then
the bias.
"""

import json
import math
import sys
from pathlib import Path

# Python looks for modules beside the script first, and there `torch` is this
# very file.
HERE = Path(__file__).resolve().parent
sys.path = [place for place in sys.path if Path(place).resolve() != HERE]

import torch
import torch.nn.functional as F

SEED = 20240229

# Each activation with the points at which its slope jumps (or, for Elu, its
# curvature): the networks keep clear of them, because there a difference of one
# rounding error would change the slope altogether.
ACTIVATIONS = {
    "Identity": (lambda x: x * 1.0, []),
    "Relu": (F.relu, [0.0]),
    "LeakyRelu": (lambda x: F.leaky_relu(x, 0.01), [0.0]),
    "Elu": (lambda x: F.elu(x, 1.0), [0.0]),
    "Gelu": (lambda x: F.gelu(x, approximate="tanh"), []),
    "Silu": (F.silu, []),
    # Above its threshold PyTorch returns x itself; this one is out of reach, so
    # the formula holds everywhere.
    "Softplus": (lambda x: F.softplus(x, beta=1.0, threshold=500.0), []),
    "Sigmoid": (torch.sigmoid, []),
    "Tanh": (torch.tanh, []),
    # In float64, too, PyTorch holds the slope 1/6 of this one as a float32, so that
    # slopes and gradients are right to 6e-8 of their size only; the values are
    # exact.
    "HardSigmoid": (F.hardsigmoid, [-3.0, 3.0]),
    "HardTanh": (F.hardtanh, [-1.0, 1.0]),
}

# How far the pre-activations of a network stay from a kink.
KINK_MARGIN = 1e-2


def uniform(count, low, high):
    """Random numbers, rounded to what the file will hold."""
    drawn = low + (high - low) * torch.rand(count)
    return [round(value, 4) for value in drawn.tolist()]


def normal(count, scale=1.0):
    """Normally distributed numbers, rounded to what the file will hold."""
    return [round(scale * value, 4) for value in torch.randn(count).tolist()]


def rows(numbers, width):
    """A flat list cut into rows."""
    return [numbers[i : i + width] for i in range(0, len(numbers), width)]


def parameter_count(sizes):
    return sum((i + 1) * o for i, o in zip(sizes, sizes[1:]))


def forward(parameters, sizes, activations, inputs):
    """The outputs of a network and the pre-activations of each layer.

    `parameters` is one flat tensor, so that one gradient and one optimizer cover
    the network in the order in which the crate stores it.
    """
    signal = inputs
    before = []
    start = 0
    for inputs_, outputs_, name in zip(sizes, sizes[1:], activations):
        end = start + inputs_ * outputs_
        weights = parameters[start:end].view(inputs_, outputs_)
        bias = parameters[end : end + outputs_]
        start = end + outputs_
        # PyTorch wants [outputs][inputs].
        before.append(F.linear(signal, weights.t(), bias))
        signal = ACTIVATIONS[name][0](before[-1])
    return signal, before


# Activations


def activation_figures():
    half = [0.001, 0.1, 0.5, 0.99, 1.01, 1.5, 2.5, 2.99, 3.01, 3.5, 5.0, 10.0, 30.0]
    points = [-x for x in reversed(half)] + half
    figures = {}
    for name, (function, _) in ACTIVATIONS.items():
        x = torch.tensor(points, requires_grad=True)
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        figures[name] = {"x": points, "y": y.tolist(), "slope": slope.tolist()}
    return figures


# Networks


def network_figures(sizes, activations, parameters, inputs, targets, loss_per_sample):
    """Outputs, mean loss and gradients of one network on one batch."""
    p = torch.tensor(parameters, requires_grad=True)
    x = torch.tensor(inputs, requires_grad=True)
    outputs, before = forward(p, sizes, activations, x)
    losses = loss_per_sample(outputs, targets)
    loss = losses.mean()
    (gradient,) = torch.autograd.grad(loss, p, retain_graph=True)
    # Samples do not touch each other, so the gradient of the sum holds in each
    # row the gradient of that sample's own loss.
    (input_gradient,) = torch.autograd.grad(losses.sum(), x)
    figures = {
        "outputs": outputs.tolist(),
        "loss": loss.item(),
        "gradient": gradient.tolist(),
        "input_gradient": input_gradient.tolist(),
    }
    return figures, before


def squared_error_per_sample(outputs, targets):
    errors = F.mse_loss(outputs, torch.tensor(targets), reduction="none")
    return errors.mean(dim=1)


def cross_entropy_per_sample(outputs, classes):
    return F.cross_entropy(outputs, torch.tensor(classes), reduction="none")


def worth_keeping(sizes, kinks, figures, before):
    """Whether a drawn network is away from all kinks and yet shows something."""
    values = torch.cat([layer.flatten() for layer in before])
    if any((values - kink).abs().min() < KINK_MARGIN for kink in kinks):
        return False
    # Every piece of a piecewise activation has to occur.
    edges = [-math.inf, *kinks, math.inf]
    for low, high in zip(edges, edges[1:]):
        if not ((values > low) & (values < high)).any():
            return False
    # A network that is flat in its parameters or inputs would pass any test.
    gradient = figures["gradient"]
    start = 0
    for inputs, outputs in zip(sizes, sizes[1:]):
        end = start + (inputs + 1) * outputs
        if not any(gradient[start:end]):
            return False
        start = end
    return all(any(row) for row in figures["input_gradient"])


def network_list():
    sizes = [3, 4, 2]
    result = []
    for name, (_, kinks) in ACTIVATIONS.items():
        while True:
            parameters = uniform(parameter_count(sizes), -1.0, 1.0)
            # Wide enough for both ends of HardSigmoid.
            inputs = rows(uniform(9, -3.0, 3.0), 3)
            targets = rows(uniform(6, -1.0, 1.0), 2)
            figures, before = network_figures(
                sizes, [name] * 2, parameters, inputs, targets, squared_error_per_sample
            )
            if worth_keeping(sizes, kinks, figures, before):
                break
        result.append(
            {
                "activation": name,
                "parameters": parameters,
                "inputs": inputs,
                "targets": targets,
                **figures,
            }
        )
    return result


def deep_network():
    sizes = [5, 7, 6, 3]
    activations = ["Tanh", "Gelu", "Identity"]
    parameters = uniform(parameter_count(sizes), -1.0, 1.0)
    inputs = rows(uniform(20, -2.0, 2.0), 5)
    classes = [2, 0, 1, 2]
    figures, _ = network_figures(
        sizes, activations, parameters, inputs, classes, cross_entropy_per_sample
    )
    return {
        "sizes": sizes,
        "activations": activations,
        "parameters": parameters,
        "inputs": inputs,
        "classes": classes,
        **figures,
    }


# Losses


def loss_case(name, function, output, extra):
    o = torch.tensor([output], requires_grad=True)
    value = function(o)
    (gradient,) = torch.autograd.grad(value, o)
    return {
        "loss": name,
        "output": output,
        **extra,
        "value": value.item(),
        "gradient": gradient[0].tolist(),
    }


def loss_figures():
    result = []

    def add(name, function, output, target, **extra):
        t = torch.tensor([target])
        result.append(
            loss_case(name, lambda o: function(o, t), output, {"target": target, **extra})
        )

    # Errors of both signs, small and large, below and above the 1 at which Huber
    # changes, and one of exactly zero.
    regression = [
        ([0.5, -1.25, 2.0, 0.1], [0.25, -1.0, 1.5, 0.3]),
        ([3.0, -4.0, 0.0, 1.5], [-3.0, 4.0, 2.5, -0.25]),
        ([0.7, 2.9, -0.6, -3.2], [0.1, -0.4, -1.3, -0.3]),
        ([1e-8, -1e-8, 1e-3, -1e-3], [0.0, 0.0, 0.0, 0.0]),
        ([1e6, -1e6, 1e3, 0.999], [0.0, 0.0, -1e3, 0.0]),
        ([0.5, 0.5, -2.0, 1.0], [0.5, 0.25, 2.0, 1.0625]),
    ]
    for output, target in regression:
        add("MeanSquaredError", F.mse_loss, output, target)
    for output, target in regression:
        add("MeanAbsoluteError", F.l1_loss, output, target)
    for output, target in regression:
        add("Huber", lambda o, t: F.huber_loss(o, t, delta=1.0), output, target, delta=1.0)
    for output, target in (regression[0], regression[2]):
        add("Huber", lambda o, t: F.huber_loss(o, t, delta=0.5), output, target, delta=0.5)

    binary = [
        ([0.5, -1.25, 2.0, 0.1], [1.0, 0.0, 0.0, 1.0]),
        ([0.3, -0.7, 1.9, -2.4], [0.25, 0.5, 0.9, 0.05]),
        ([0.75, 0.75, 0.75, 0.75], [1.0, 0.0, 0.5, 0.25]),
        ([0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]),
        ([40.0, -40.0, 40.0, -40.0], [1.0, 0.0, 0.0, 1.0]),
        ([40.0, -40.0, 40.0, -40.0], [1.0, 0.0, 1.0, 0.0]),
        ([1e3, -1e3, 1e3, -1e3], [1.0, 0.0, 0.0, 1.0]),
        ([1e3, -1e3, 1e3, -1e3], [1.0, 0.0, 1.0, 0.0]),
        ([1e4, -1e4, 0.5, -40.0], [0.25, 0.75, 1.0, 0.5]),
    ]
    for output, target in binary:
        add("BinaryCrossEntropy", F.binary_cross_entropy_with_logits, output, target)

    logits = [
        ([0.5, -1.25, 2.0, 0.1], 2, [0.0, 0.0, 1.0, 0.0]),
        ([0.3, -0.7, 1.9, -2.4], 3, [0.1, 0.2, 0.3, 0.4]),
        ([0.0, 0.0, 0.0, 0.0], 0, [0.25, 0.25, 0.25, 0.25]),
        ([1e3, 1e3, 1e3, 1e3], 1, [0.5, 0.125, 0.125, 0.25]),
        ([-1e4, -1e4, -1e4, -1e4], 2, [0.5, 0.0, 0.5, 0.0]),
        ([40.0, -40.0, 0.0, 39.0], 0, [0.5, 0.25, 0.125, 0.125]),
        ([40.0, -40.0, 0.0, 39.0], 1, [0.0, 1.0, 0.0, 0.0]),
        ([1e3, -1e3, 0.0, 999.5], 0, [0.5, 0.0, 0.0, 0.5]),
        ([1e3, -1e3, 0.0, 999.5], 1, [0.0, 0.5, 0.5, 0.0]),
        ([1e4, -1e4, 1e3, -40.0], 0, [1.0, 0.0, 0.0, 0.0]),
        ([1e4, -1e4, 1e3, -40.0], 3, [0.25, 0.25, 0.25, 0.25]),
    ]
    for output, index, _ in logits:
        t = torch.tensor([index])
        result.append(
            loss_case(
                "CrossEntropy",
                lambda o, t=t: F.cross_entropy(o, t),
                output,
                {"class": index},
            )
        )
    for output, _, target in logits:
        add("CrossEntropy", F.cross_entropy, output, target)
    return result


# Optimizers

STEPS = 10
SIZE = 6


def optimizer_gradients():
    """Random gradients in which every parameter has a part to play for Rprop."""
    gradients = rows(normal(STEPS * SIZE), SIZE)
    for k, gradient in enumerate(gradients):
        # Steady: the step grows up to its limit.
        gradient[0] = abs(gradient[0])
        # Always turning: the step shrinks down to its limit.
        gradient[1] = abs(gradient[1]) * (-1.0) ** k
    # Exact zeros at the start, between two gradients, and twice in a row.
    gradients[0][5] = gradients[1][5] = 0.0
    gradients[4][3] = 0.0
    gradients[6][4] = gradients[7][4] = 0.0
    return gradients


def optimizer_run(name, settings, make, gradients, clip=None, **extra):
    start = uniform(SIZE, -1.0, 1.0)
    parameters = torch.nn.Parameter(torch.tensor(start))
    optimizer = make([parameters])
    after = []
    for gradient in gradients:
        parameters.grad = torch.tensor(gradient)
        if clip is not None:
            clip(parameters)
        optimizer.step()
        after.append(parameters.tolist())
    return {
        "name": name,
        "settings": settings,
        **extra,
        "start": start,
        "gradients": gradients,
        "after": after,
    }


# Every setting that matters is spelled out in each record, PyTorch's defaults
# included, so that a reader of the file needs none of them by heart.
SGD = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}
RMSPROP = {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "weight_decay": 0.0}
ADAM = {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
ADAMW = {**ADAM, "weight_decay": 0.01}
RPROP = {"lr": 0.01, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0)}

CONFIGURATIONS = [
    ("Sgd", torch.optim.SGD, SGD),
    ("Sgd", torch.optim.SGD, {**SGD, "weight_decay": 0.1}),
    ("Sgd", torch.optim.SGD, {**SGD, "momentum": 0.9}),
    ("Sgd", torch.optim.SGD, {**SGD, "momentum": 0.9, "nesterov": True}),
    (
        "Sgd",
        torch.optim.SGD,
        {**SGD, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True},
    ),
    ("RmsProp", torch.optim.RMSprop, RMSPROP),
    ("RmsProp", torch.optim.RMSprop, {**RMSPROP, "momentum": 0.9}),
    ("RmsProp", torch.optim.RMSprop, {**RMSPROP, "weight_decay": 0.1}),
    ("Adam", torch.optim.Adam, ADAM),
    ("Adam", torch.optim.Adam, {**ADAM, "betas": (0.8, 0.99), "eps": 1e-6}),
    ("Adam", torch.optim.Adam, {**ADAM, "weight_decay": 0.1}),
    ("AdamW", torch.optim.AdamW, ADAMW),
    ("AdamW", torch.optim.AdamW, {**ADAMW, "lr": 0.05, "weight_decay": 0.2}),
    ("Rprop", torch.optim.Rprop, RPROP),
    ("Rprop", torch.optim.Rprop, {**RPROP, "etas": (0.3, 1.5), "step_sizes": (1e-4, 0.05)}),
]


def check_defaults():
    """Stops if what is called a default here is no longer PyTorch's."""
    for kind, settings in [
        (torch.optim.RMSprop, RMSPROP),
        (torch.optim.Adam, ADAM),
        (torch.optim.AdamW, ADAMW),
        (torch.optim.Rprop, RPROP),
    ]:
        defaults = kind([torch.nn.Parameter(torch.zeros(1))]).defaults
        for key, value in settings.items():
            assert defaults[key] == value, (kind.__name__, key, defaults[key])


def optimizer_figures():
    check_defaults()
    result = []
    for name, kind, settings in CONFIGURATIONS:
        # One tensor at a time, the plain form of each algorithm.
        make = lambda p: kind(p, foreach=False, **settings)
        result.append(optimizer_run(name, settings, make, optimizer_gradients()))

    rate, max_norm, max_value = 0.1, 1.0, 0.3
    sgd = lambda p: torch.optim.SGD(p, lr=rate, foreach=False)

    gradients = []
    for k in range(STEPS):
        # By turns well below the norm, above it, and near it on both sides.
        gradients.append(normal(SIZE, [0.1, 1.0, 0.4, 5.0, 0.35][k % 5]))
    norms = []
    clip = lambda p: norms.append(
        torch.nn.utils.clip_grad_norm_([p], max_norm, foreach=False).item()
    )
    record = optimizer_run(
        "ClipNorm",
        {"lr": rate, "max_norm": max_norm},
        sgd,
        gradients,
        clip,
        # What PyTorch adds to the norm before it divides by it.
        clip_epsilon=1e-6,
    )
    record["norms"] = norms
    assert any(norm < max_norm for norm in norms) and any(norm > max_norm for norm in norms)
    # Nearer than this, the added epsilon would decide whether to clip.
    assert all(abs(norm - max_norm) > 1e-3 for norm in norms)
    result.append(record)

    clip = lambda p: torch.nn.utils.clip_grad_value_([p], max_value, foreach=False)
    result.append(
        optimizer_run(
            "ClipValue",
            {"lr": rate, "max_value": max_value},
            sgd,
            rows(normal(STEPS * SIZE, 0.5), SIZE),
            clip,
        )
    )
    return result


# Schedules


def schedule_rates(base, make, updates):
    """The rate each update used, the first being update 0."""
    parameters = torch.nn.Parameter(torch.zeros(1))
    parameters.grad = torch.zeros(1)
    optimizer = torch.optim.SGD([parameters], lr=base)
    schedule = make(optimizer)
    rates = []
    for _ in range(updates):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


def schedule_figures():
    of = torch.optim.lr_scheduler
    base, low, period, warm_up = 0.1, 0.01, 20, 5

    def cosine_factor(k):
        return (low + (base - low) * (1.0 + math.cos(math.pi * k / period)) / 2.0) / base

    def warm_up_factor(k):
        return (k + 1) / warm_up if k < warm_up else 1.0

    def warm_up_cosine_factor(k):
        # The cosine starts at its own update 0 when the warm-up is over.
        return warm_up_factor(k) if k < warm_up else cosine_factor(k - warm_up)

    cosine = schedule_rates(
        base, lambda o: of.CosineAnnealingLR(o, T_max=period, eta_min=low), period + 1
    )
    warm_up_cosine = schedule_rates(
        base, lambda o: of.LambdaLR(o, warm_up_cosine_factor), warm_up + period + 1
    )
    # The factor above is ours; PyTorch's own cosine has to agree with it.
    assert all(abs(a - b) < 1e-15 for a, b in zip(cosine, warm_up_cosine[warm_up:]))

    return [
        {
            "name": "Constant",
            "settings": {"base": base},
            "rates": schedule_rates(base, lambda o: of.LambdaLR(o, lambda k: 1.0), 30),
        },
        {
            "name": "Step",
            "settings": {"base": base, "step_size": 10, "gamma": 0.5},
            "rates": schedule_rates(base, lambda o: of.StepLR(o, 10, gamma=0.5), 30),
        },
        {
            "name": "Exponential",
            "settings": {"base": base, "gamma": 0.9},
            "rates": schedule_rates(base, lambda o: of.ExponentialLR(o, gamma=0.9), 30),
        },
        {
            # Stops at the bottom: beyond it PyTorch's cosine rises again.
            "name": "Cosine",
            "settings": {"base": base, "t_max": period, "eta_min": low},
            "rates": cosine,
        },
        {
            "name": "WarmUp",
            "settings": {"base": base, "warm_up": warm_up},
            "rates": schedule_rates(base, lambda o: of.LambdaLR(o, warm_up_factor), 30),
        },
        {
            "name": "WarmUpCosine",
            "settings": {"base": base, "warm_up": warm_up, "t_max": period, "eta_min": low},
            "rates": warm_up_cosine,
        },
    ]


# Training


def training_figures():
    sizes = [2, 3, 1]
    activations = ["Sigmoid", "Sigmoid"]
    inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    targets = [[0.0], [1.0], [1.0], [0.0]]
    start = uniform(parameter_count(sizes), -1.0, 1.0)
    x, t = torch.tensor(inputs), torch.tensor(targets)
    result = []
    for name, kind, settings in [
        ("Sgd", torch.optim.SGD, {**SGD, "lr": 1.0}),
        ("Adam", torch.optim.Adam, {**ADAM, "lr": 0.05}),
    ]:
        parameters = torch.nn.Parameter(torch.tensor(start))
        optimizer = kind([parameters], foreach=False, **settings)
        losses = []
        for _ in range(50):
            optimizer.zero_grad()
            outputs, _ = forward(parameters, sizes, activations, x)
            loss = F.mse_loss(outputs, t)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        result.append(
            {
                "name": name,
                "settings": settings,
                "sizes": sizes,
                "activations": activations,
                "inputs": inputs,
                "targets": targets,
                "start": start,
                "losses": losses,
                "parameters": parameters.tolist(),
            }
        )
    return result


# Writing


def write(value, indent=0, key=None):
    """JSON with one list of numbers to a line, so that a change shows as such."""
    nested = isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    if key == "settings" or not (nested or isinstance(value, dict)):
        # No number here may be infinite or missing: JSON has no word for it.
        return json.dumps(value, allow_nan=False)
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        lines = [f"{pad}{json.dumps(k)}: {write(v, indent + 1, k)}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        lines = [pad + write(item, indent + 1) for item in value]
        opening, closing = "[", "]"
    return opening + "\n" + ",\n".join(lines) + "\n" + " " * indent + closing


def main():
    torch.set_default_dtype(torch.float64)
    torch.use_deterministic_algorithms(True)
    # The order of a sum must not depend on the number of cores.
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    figures = {
        # Without the build tag: everything here runs on the CPU.
        "torch": torch.__version__.split("+")[0],
        "seed": SEED,
        "activations": activation_figures(),
        "networks": network_list(),
        "deep_network": deep_network(),
        "losses": loss_figures(),
        "optimizers": optimizer_figures(),
        "schedules": schedule_figures(),
        "training": training_figures(),
    }
    (HERE / "torch.json").write_text(write(figures) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
