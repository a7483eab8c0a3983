"""Makes `recurrent.json` and `safetensors/{gru,lstm,rnn}.safetensors`, which the test recurrent reads.

    pip install torch safetensors numpy
    python tests/figures/recurrent_figures.py

For nn.GRU, nn.LSTM and nn.RNN in float64: the weights in the flat layout of the crate (those of the input
as [features][gates], those of the state, both biases), the outputs of some sequences, and for the mean
squared error of the last state and of all states the loss, the gradients of the parameters and of the inputs,
and the parameters after a step of torch.optim.SGD. The tests read only these files, so Python is not needed
to run them.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent
SAMPLES, STEPS, FEATURES, HIDDEN = 2, 5, 3, 4
RATE = 0.1


def flat(tensors):
    """Tensors in the order of `parameters()`: both matrices transposed, then both biases."""
    return [value for tensor in tensors for value in tensor.detach().t().flatten().tolist()]


def figures(kind):
    module = kind(FEATURES, HIDDEN, batch_first=True).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.7)
    inputs = torch.randn(SAMPLES, STEPS, FEATURES, dtype=torch.float64)
    targets = torch.randn(SAMPLES, STEPS, HIDDEN, dtype=torch.float64)
    name = kind.__name__.lower()
    save_file(module.state_dict(), HERE / "safetensors" / f"{name}.safetensors")
    before = {key: value.clone() for key, value in module.state_dict().items()}
    result = {
        "parameters": flat(module.parameters()),
        "inputs": inputs.tolist(),
        "targets": targets.tolist(),
        "outputs": module(inputs)[0].tolist(),
    }
    for what, part in [("last", slice(STEPS - 1, None)), ("all", slice(None))]:
        module.load_state_dict(before)
        optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
        optimizer.zero_grad()
        given = inputs.clone().requires_grad_()
        loss = nn.functional.mse_loss(module(given)[0][:, part], targets[:, part])
        loss.backward()
        result[what] = {
            "loss": loss.item(),
            "gradient": flat(parameter.grad for parameter in module.parameters()),
            "input_gradient": given.grad.tolist(),
        }
        optimizer.step()
        result[what]["stepped"] = flat(module.parameters())
    return name, result


def main():
    torch.manual_seed(20261125)
    document = {"torch": torch.__version__, "rate": RATE}
    document.update(figures(kind) for kind in [nn.GRU, nn.LSTM, nn.RNN])
    (HERE / "recurrent.json").write_text(json.dumps(document, indent=1) + "\n")


main()
