"""Makes `normalization.json`, which the test normalization reads.

    pip install torch numpy
    python tests/figures/normalization_figures.py

For nn.LayerNorm and nn.RMSNorm(eps=1e-5) of 5 values in float64: parameters (weight, then bias), outputs of
some rows, and for the mean squared error the gradients of parameters and inputs and the parameters after a step
of torch.optim.SGD. The tests read only that file, so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
RATE = 0.1


def flat(tensors):
    return [value for tensor in tensors for value in tensor.detach().flatten().tolist()]


def figures(module):
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))
    inputs = (torch.randn(4, 5, dtype=torch.float64) * 2 + 1).requires_grad_()
    targets = torch.randn(4, 5, dtype=torch.float64)
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    outputs = module(inputs)
    result = {"parameters": flat(module.parameters())}
    nn.functional.mse_loss(outputs, targets).backward()
    optimizer.step()
    return result | {
        "inputs": inputs.tolist(),
        "targets": targets.tolist(),
        "outputs": outputs.tolist(),
        "gradient": flat(parameter.grad for parameter in module.parameters()),
        "input_gradient": inputs.grad.tolist(),
        "stepped": flat(module.parameters()),
    }


torch.manual_seed(20261125)
document = {
    "torch": torch.__version__,
    "layer_norm": figures(nn.LayerNorm(5)),
    "rms_norm": figures(nn.RMSNorm(5, eps=1e-5)),
}
(HERE / "normalization.json").write_text(json.dumps(document, indent=1) + "\n")
