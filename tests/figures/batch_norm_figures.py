"""Makes the files in `batch_norm/` that the test batch_norm reads: networks with batch normalization, as `eval()` runs them.

    pip install torch safetensors
    python tests/figures/batch_norm_figures.py

For each: parameters and running figures as a safetensors file with the module's own names, and in `figures.json` inputs and
outputs. All in f64; sequences as `[steps][features]`, where PyTorch has `[channels][steps]`. The tests read only these
files, so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent / "batch_norm"

torch.manual_seed(20261125)
torch.set_default_dtype(torch.float64)

# more go to the end, or the figures of those behind change
NETWORKS = {
    "images": (
        (2, 12, 11),
        nn.Sequential(
            nn.Conv2d(2, 8, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, groups=8, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 1),
            nn.BatchNorm2d(16),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 12),
            nn.BatchNorm1d(12),
            nn.Tanh(),
            nn.Linear(12, 3),
        ),
    ),
    "sequences": (
        (3, 20),
        nn.Sequential(
            nn.Conv1d(3, 8, 3, stride=2, bias=False),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Conv1d(8, 8, 3, groups=8),
            nn.BatchNorm1d(8),
            nn.Conv1d(8, 6, 1),
            nn.BatchNorm1d(6, affine=False),
            nn.Tanh(),
        ),
    ),
    "nested": (
        (5,),
        nn.Sequential(
            nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 6)),
            nn.Sequential(nn.Linear(6, 6, bias=False), nn.BatchNorm1d(6)),
            nn.Linear(6, 4),
            nn.BatchNorm1d(4),
        ),
    ),
    "behind_the_activation": ((5,), nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.BatchNorm1d(7), nn.Linear(7, 6))),
}


def rows(values):
    """Sequences as they are there."""
    if values.dim() == 3:
        values = values.transpose(1, 2)
    return values.flatten(1).tolist()


def main():
    HERE.mkdir(exist_ok=True)
    figures = {"torch": torch.__version__}
    for name, (shape, module) in NETWORKS.items():
        torch.manual_seed(20261125)
        for part in module.modules():
            if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) and part.affine:
                nn.init.uniform_(part.weight, -2.0, 2.0)
                nn.init.normal_(part.bias)
        module.train()
        with torch.no_grad():
            for _ in range(20):
                module(torch.randn(8, *shape) * 3.0 + 1.0)
        module.eval()
        inputs = torch.randn(4, *shape) * 3.0 + 1.0
        outputs = module(inputs).detach()
        save_file({key: value.clone() for key, value in module.state_dict().items()}, HERE / f"{name}.safetensors")
        figures[name] = {"inputs": rows(inputs), "outputs": rows(outputs)}
    (HERE / "figures.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
