"""Makes `combinators.json`, which the test combinators reads.

    pip install torch numpy
    python tests/figures/combinator_figures.py

For softmax(cat(a(y), silu(b(y)))), where y = tanh(f(x)) + x and f, a and b are nn.Linear, in float64: the
parameters of f, a, b (weights as [inputs][outputs], then the bias), outputs of some rows, and for the mean squared
error the gradients of parameters and inputs and the parameters after a step of torch.optim.SGD. The tests read only
that file, so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent


def flat(tensors):
    return [value for tensor in tensors for value in tensor.detach().t().flatten().tolist()]


torch.manual_seed(20261125)
layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(4, 2)]).double()
f, a, b = layers
inputs = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
targets = torch.rand(3, 5, dtype=torch.float64)
optimizer = torch.optim.SGD(layers.parameters(), lr=0.1)
y = torch.tanh(f(inputs)) + inputs
outputs = torch.softmax(torch.cat([a(y), nn.functional.silu(b(y))], dim=1), dim=1)
document = {"torch": torch.__version__, "parameters": flat(layers.parameters())}
nn.functional.mse_loss(outputs, targets).backward()
optimizer.step()
document |= {
    "inputs": inputs.tolist(),
    "targets": targets.tolist(),
    "outputs": outputs.tolist(),
    "gradient": flat(parameter.grad for parameter in layers.parameters()),
    "input_gradient": inputs.grad.tolist(),
    "stepped": flat(layers.parameters()),
}
(HERE / "combinators.json").write_text(json.dumps(document, indent=1) + "\n")
