"""Makes the files in `convolution/` that the test convolution reads: networks with convolutions and pooling.

    pip install torch safetensors
    python tests/figures/convolution_figures.py

For each: parameters, their gradient and the parameters after one step of gradient descent (rate 0.1) as safetensors files
with the module's own names, and in `figures.json` inputs, targets, outputs and the gradient of the inputs, for the mean
squared error. All in f64. The tests read only these files, so Python is not needed to run them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent / "convolution"
RATE = 0.1

torch.manual_seed(20261125)

# more go to the end, or the figures of those behind change
NETWORKS = {
    "valid": ((3, 6, 7), nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh())),
    "same": ((2, 5, 6), nn.Sequential(nn.Conv2d(2, 17, 4, padding="same"))),
    "stride": ((2, 9, 8), nn.Sequential(nn.Conv2d(2, 3, 3, stride=2), nn.Sigmoid())),
    "strips": ((9, 12, 13), nn.Sequential(nn.Conv2d(9, 16, 3, padding="same"), nn.SiLU())),
    "max": ((2, 7, 9), nn.Sequential(nn.Conv2d(2, 3, 1), nn.MaxPool2d(3, stride=2))),
    "average": ((2, 7, 8), nn.Sequential(nn.Conv2d(2, 3, 2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(27, 4))),
    "stack": (
        (2, 9, 11),
        nn.Sequential(
            nn.Conv2d(2, 5, 3, padding="same"),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Conv2d(5, 4, 2, stride=2),
            nn.Sigmoid(),
            nn.AvgPool2d(2, stride=1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, 3),
        ),
    ),
    "depthwise": ((3, 6, 11), nn.Sequential(nn.Conv2d(3, 3, 3, groups=3), nn.Tanh())),
    "depthwise_same": ((2, 5, 6), nn.Sequential(nn.Conv2d(2, 2, 4, padding="same", groups=2))),
    "separable": (
        (3, 9, 9),
        nn.Sequential(
            nn.Conv2d(3, 3, 3, stride=2, groups=3),
            nn.SiLU(),
            nn.Conv2d(3, 5, 1),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(80, 3),
        ),
    ),
}


def save(name, values):
    save_file({key: value.detach().clone() for key, value in values.items()}, HERE / f"{name}.safetensors")


def main():
    torch.set_default_dtype(torch.float64)
    HERE.mkdir(exist_ok=True)
    figures = {"torch": torch.__version__, "rate": RATE}
    for name, (shape, module) in NETWORKS.items():
        module = module.double()
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
            "inputs": inputs.flatten(1).tolist(),
            "targets": targets.flatten(1).tolist(),
            "outputs": outputs.flatten(1).tolist(),
            "input_gradient": inputs.grad.flatten(1).tolist(),
        }
    (HERE / "figures.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
