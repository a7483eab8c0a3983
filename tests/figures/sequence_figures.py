"""Makes the files in `sequences/` that the test sequences reads: layers over the steps of a sequence.

    pip install torch safetensors
    python tests/figures/sequence_figures.py

For each: parameters, their gradient and the parameters after one step of gradient descent (rate 0.1) as safetensors files
with the module's own names, and in `figures.json` inputs, targets, outputs and the gradient of the inputs, for the mean
squared error. All in f64; sequences as `[steps][features]`, where PyTorch has `[channels][steps]`. The tests read only
these files, so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent / "sequences"
RATE = 0.1


class Causal(nn.Conv1d):
    """Zeros before the first step alone."""

    def forward(self, x):
        before = (self.kernel_size[0] - 1) * self.dilation[0]
        return super().forward(nn.functional.pad(x, (before, 0)))


class Steps(nn.Flatten):
    """`[channels][steps]` as one vector, step by step."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2))


torch.manual_seed(20261125)
torch.set_default_dtype(torch.float64)

# channels and steps of the input; more go to the end, or the figures of those behind change
NETWORKS = {
    "valid": ((3, 9), nn.Sequential(nn.Conv1d(3, 5, 3), nn.Tanh())),
    "same": ((2, 10), nn.Sequential(nn.Conv1d(2, 17, 4, padding="same", dilation=2))),
    "stride": ((2, 11), nn.Sequential(nn.Conv1d(2, 3, 3, stride=2, dilation=2), nn.Sigmoid())),
    "causal": ((3, 20), nn.Sequential(Causal(3, 16, 3, dilation=4), nn.SiLU())),
    "causal_stride": ((3, 11), nn.Sequential(Causal(3, 4, 3, stride=2), nn.ReLU())),
    "dense": ((3, 8), nn.Sequential(nn.Conv1d(3, 4, 2, stride=2), nn.Tanh(), Steps(), nn.Linear(16, 3))),
    "depthwise": ((5, 11), nn.Sequential(nn.Conv1d(5, 5, 3, stride=2, groups=5), nn.Tanh())),
    "separable": (
        (4, 20),
        nn.Sequential(Causal(4, 4, 3, dilation=4, groups=4), nn.SiLU(), nn.Conv1d(4, 6, 1), nn.Tanh()),
    ),
    "max": ((2, 11), nn.Sequential(nn.Conv1d(2, 3, 1), nn.MaxPool1d(3, stride=2))),
    "average": ((2, 11), nn.Sequential(nn.Conv1d(2, 3, 2), nn.AvgPool1d(4))),
    "stack": (
        (2, 20),
        nn.Sequential(
            nn.Conv1d(2, 5, 3, padding="same"),
            nn.Tanh(),
            nn.MaxPool1d(2),
            nn.Conv1d(5, 4, 2, stride=2),
            nn.Sigmoid(),
            nn.AvgPool1d(2, stride=1),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(4, 3),
        ),
    ),
}


def save(name, values):
    save_file({key: value.detach().clone() for key, value in values.items()}, HERE / f"{name}.safetensors")


def rows(values):
    """Sequences as they are there."""
    if values.dim() == 3:
        values = values.transpose(1, 2)
    return values.flatten(1).tolist()


def main():
    HERE.mkdir(exist_ok=True)
    figures = {"torch": torch.__version__, "rate": RATE}
    for name, (shape, module) in NETWORKS.items():
        torch.manual_seed(20261125)
        inputs = torch.randn(2, *shape, requires_grad=True)
        outputs = module(inputs)
        targets = torch.randn(outputs.shape)
        save(name, module.state_dict())
        nn.functional.mse_loss(outputs, targets).backward()
        save(f"{name}_gradient", {key: value.grad for key, value in module.named_parameters()})
        torch.optim.SGD(module.parameters(), lr=RATE).step()
        save(f"{name}_step", module.state_dict())
        figures[name] = {
            "inputs": rows(inputs.detach()),
            "targets": rows(targets),
            "outputs": rows(outputs.detach()),
            "input_gradient": rows(inputs.grad),
        }
    (HERE / "figures.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
