"""ResNet-50 in PyTorch, with random weights, which are as fast as trained ones.

Source: He et al., "Deep residual learning for image recognition", https://arxiv.org/abs/1512.03385;
the stride stands in the 3 x 3 convolution, as is usual today.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride
INPUT = "input"
_WIDER = 4  # times: what leaves a block


def save(path: Path) -> None:
    """Write it as TorchScript, with one input: float32 [n, 3, 224, 224]."""
    import torch

    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    with torch.no_grad():
        torch.jit.trace(_resnet(), torch.zeros(2, 3, 224, 224)).save(str(path))


def _resnet() -> Any:
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]  # PyTorch is not read by mypy
        def __init__(self, came: int, width: int, stride: int) -> None:
            super().__init__()
            leaves = width * _WIDER
            self.way = nn.Sequential(
                *_convolution(nn, came, width, 1, 1), nn.ReLU(),
                *_convolution(nn, width, width, 3, stride), nn.ReLU(),
                *_convolution(nn, width, leaves, 1, 1),
            )  # fmt: skip
            self.past = nn.Sequential(
                *(_convolution(nn, came, leaves, 1, stride) if came != leaves else ())
            )

        def forward(self, image: Any) -> Any:
            return nn.functional.relu(self.way(image) + self.past(image))

    layers = [*_convolution(nn, 3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    came = 64
    for width, blocks, stride in _STAGES:
        for number in range(blocks):
            layers.append(Block(came, width, 1 if number else stride))
            came = width * _WIDER
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(came, 1000), nn.Softmax(1)]
    return nn.Sequential(*layers).eval()


def _convolution(nn: Any, came: int, leaves: int, size: int, stride: int) -> tuple[Any, Any]:
    layer = nn.Conv2d(came, leaves, size, stride, size // 2, bias=False)
    return layer, nn.BatchNorm2d(leaves)
