"""Makes the files in `safetensors/` that the test safetensors reads, and reads the one that this crate wrote.

    pip install torch safetensors numpy
    python tests/figures/safetensors_figures.py

PyTorch writes `sequential`, `nested`, `named`, `combined` (in f32, and the first in f64, f16 and bf16 as well) and
`outputs.json`, the outputs of each for some inputs. `ours.safetensors` is written by this crate (see the
test `our_file_is_the_one_that_torch_has_read`): the script loads it into the same module and fails
if the outputs differ from those that the crate has written to `ours.json`. The tests read only these files,
so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

HERE = Path(__file__).resolve().parent / "safetensors"
INPUTS = [[0.0, 0.0, 0.0, 0.0], [1.0, -2.0, 0.5, 3.0], [-0.25, 0.75, -4.0, 0.125]]


def sequential():
    return nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 3))


def nested():
    return nn.Sequential(
        nn.Linear(4, 6),
        nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 8), nn.ReLU()),
        nn.Sequential(nn.Linear(8, 2)),
    )


class Named(nn.Module):
    """A module with fields of its own, and one that is of no use for inference."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 9)
        self.out = nn.Linear(9, 2)
        self.critic = nn.Linear(9, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(x)))


class Residual(nn.Sequential):
    """Its layers stand at the numbers of an nn.Sequential."""

    def forward(self, x):
        return x + super().forward(x)


class Parallel(nn.ModuleList):
    def forward(self, x):
        return torch.cat([module(x) for module in self], dim=-1)


class LastState(nn.GRU):
    def forward(self, x):
        return super().forward(x)[1][0]


def combined():
    """Layers with and without tensors: each counts in the numbers of the nn.Sequential around it."""
    return nn.Sequential(
        nn.Linear(4, 8),
        nn.Tanh(),
        nn.LayerNorm(8),
        nn.Dropout(0.1),
        Residual(nn.Linear(8, 6), nn.ReLU(), nn.RMSNorm(6, eps=1e-5), nn.Linear(6, 8)),
        Parallel(
            [
                nn.Linear(8, 4),
                nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2)),
            ]
        ),
        nn.Sigmoid(),
        nn.RMSNorm(6, eps=1e-5),
        nn.Unflatten(1, (2, 3)),
        nn.LayerNorm(3),
        LastState(3, 4, batch_first=True),
        nn.Softmax(dim=1),
        nn.Linear(4, 3),
    ).eval()


def drawn(module):
    """All parameters drawn anew: weights of a norm would be 1, its bias 0."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(-1, 1)
    return module


def main():
    torch.manual_seed(20261125)
    outputs = {"torch": torch.__version__, "inputs": INPUTS}
    inputs = torch.tensor(INPUTS)
    modules = [("sequential", sequential()), ("nested", nested()), ("named", Named())]
    modules.append(("combined", drawn(combined())))
    for name, module in modules:
        save_file(module.state_dict(), HERE / f"{name}.safetensors")
        outputs[name] = module(inputs).tolist()
        if name == "sequential":
            for number in [torch.float64, torch.float16, torch.bfloat16]:
                short = str(number).removeprefix("torch.")
                weights = {key: value.to(number) for key, value in module.state_dict().items()}
                save_file(weights, HERE / f"{name}_{short}.safetensors")
                # what is read is exact in f64; so are the outputs of a module in f64
                exact = sequential().double()
                exact.load_state_dict({key: value.double() for key, value in weights.items()})
                outputs[f"{name}_{short}"] = exact(inputs.double()).tolist()
    (HERE / "outputs.json").write_text(json.dumps(outputs, indent=1) + "\n")

    ours = sequential()
    ours.load_state_dict(load_file(HERE / "ours.safetensors"))
    theirs = json.loads((HERE / "ours.json").read_text())
    difference = (ours(torch.tensor(theirs["inputs"])) - torch.tensor(theirs["outputs"])).abs().max().item()
    print(f"a file that sizednet wrote: outputs differ by {difference:.1e} at most")
    assert difference < 1e-6


if __name__ == "__main__":
    main()
