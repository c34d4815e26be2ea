"""Iris flowers by PyTorch, as TorchScript; with --export as torch.export saves them.

    .venv/bin/python -m examples.pytorch.train models/iris
    .venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
    curl -d '{"data": [[5.1, 3.5, 1.4, 0.2]]}' http://127.0.0.1:8501/

What torch.export saves can run code when it is loaded, and is served with
--allow_models_that_run_code alone.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch
from sklearn.datasets import load_iris

# What TorchScript does not say: types, shapes, and the names of what comes in a dictionary.
SIGNATURE = {
    "inputs": {
        "flower": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1"}, {"size": "4"}]},
        }
    },
    "outputs": {
        "classes": {"dtype": "DT_INT64", "tensor_shape": {"dim": [{"size": "-1"}]}},
        "probabilities": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1"}, {"size": "3"}]},
        },
    },
}


class Flowers(torch.nn.Module):  # type: ignore[misc]  # mypy reads no PyTorch
    """From sizes in centimetres to one of three species."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3)
        )

    def forward(self, flower: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the likeliest class, int64 [batch], and probabilities, float32 [batch, 3]."""
        logits = self.layers(flower)
        return {"classes": logits.argmax(-1), "probabilities": torch.softmax(logits, -1)}


def train() -> Flowers:
    """Return a model that knows most of the flowers."""
    torch.manual_seed(1)
    iris = load_iris()
    flowers = torch.tensor(iris.data, dtype=torch.float32)
    species = torch.tensor(iris.target)
    model = Flowers()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model.layers(flowers), species).backward()
        optimiser.step()
    model.eval()
    return model


def main(folder: Path, version: int = 1, *, export: bool = False) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    model, place = train(), folder / str(version)
    place.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(2, 4)
    if export:
        path = place / "model.pt2"
        shapes = {"flower": {0: torch.export.Dim("batch")}}
        torch.export.save(torch.export.export(model, (example,), dynamic_shapes=shapes), path)
        return path
    path = place / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript as a whole
        torch.jit.save(torch.jit.trace(model, example, strict=False), path)
    (place / "signature.json").write_text(json.dumps(SIGNATURE, indent=2))
    return path


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m examples.pytorch.train FOLDER [--export]")
    sys.stdout.write(f"{main(Path(sys.argv[1]), export='--export' in sys.argv)}\n")
