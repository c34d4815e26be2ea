"""MXNet, Caffe2 and CNTK: nobody builds them for today's Python; their models come as ONNX.

Each is another name of the platform onnx. Who has only files of its own is told how to convert.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from serving.errors import FailedPrecondition

GUIDE = "docs/platforms.md#retired-frameworks"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """One such framework."""

    title: str
    files: tuple[str, ...]  # patterns of its own files
    last: str  # its last release, which has the converter
    convert: str  # the call that writes ONNX


RETIRED = {
    "mxnet": Retired(
        title="MXNet",
        files=("*-symbol.json", "*.params"),
        last="mxnet 1.9.1 on Python 3.8",
        convert="mxnet.onnx.export_model(SYMBOL, PARAMS, [SHAPE], [TYPE], 'model.onnx')",
    ),
    "caffe2": Retired(
        title="Caffe2",
        files=("*_net.pb", "*_net.pbtxt"),
        last="torch 1.8 with onnx 1.8 on Python 3.8",
        convert="caffe2.python.onnx.frontend.caffe2_net_to_onnx_model(PREDICT, INIT, VALUE_INFO)",
    ),
    "cntk": Retired(
        title="CNTK",
        files=("*.model", "*.cntk", "*.dnn"),
        last="cntk 2.7 on Python 3.6",
        convert="cntk.Function.load(FILE).save('model.onnx', format=cntk.ModelFormat.ONNX)",
    ),
}


def refuse(name: str, files: Sequence[Path]) -> None:
    """Raise FailedPrecondition where these are files of a retired framework, and how to convert.

    name: the platform as it was said.
    """
    for kind, each in RETIRED.items():
        own = [file.name for file in files if any(file.match(pattern) for pattern in each.files)]
        if own and name in {kind, "auto", "onnx"}:
            raise FailedPrecondition(
                f"{', '.join(own)}: {each.title} is retired, and its own files are not served. "
                f"Convert them once, in a container with {each.last}: {each.convert}; then put "
                f"model.onnx into the version's folder: {GUIDE}"
            )
