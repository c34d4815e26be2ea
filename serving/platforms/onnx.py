"""model.onnx, by ONNX Runtime: on the GPU where its build for GPUs is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import Internal, InvalidArgument
from serving.flags import Flags
from serving.paths import hidden
from serving.platforms import text, typed
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose

_TYPES = {
    "tensor(float)": "DT_FLOAT",
    "tensor(double)": "DT_DOUBLE",
    "tensor(float16)": "DT_HALF",
    "tensor(int8)": "DT_INT8",
    "tensor(int16)": "DT_INT16",
    "tensor(int32)": "DT_INT32",
    "tensor(int64)": "DT_INT64",
    "tensor(uint8)": "DT_UINT8",
    "tensor(uint16)": "DT_UINT16",
    "tensor(uint32)": "DT_UINT32",
    "tensor(uint64)": "DT_UINT64",
    "tensor(bool)": "DT_BOOL",
    "tensor(string)": "DT_STRING",
}
# ZipMap, in what skl2onnx writes unless told otherwise: for each row a number by class.
_MAPS = re.compile(r"seq\(map\((?:int64|string),tensor\((float|double)\)\)\)")
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


def load(path: Path, _: Flags) -> OnnxModel:
    """Return the model in the file; raise ServingError."""
    return OnnxModel(path)


class OnnxModel:
    """One file in a session, which many threads may run at once."""

    def __init__(self, path: Path) -> None:
        """Load it; raise InvalidArgument where it is no such model."""
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)  # what matters comes as an exception
        there = onnxruntime.get_available_providers()
        providers = [each for each in _PROVIDERS if each in there]
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=providers)
        except Exception as error:  # noqa: BLE001  # its kinds of errors have no parent of their own
            text_of = str(error).replace(str(path), path.name)
            raise InvalidArgument(f"not an ONNX model that can be served: {text_of}") from None
        self.signatures = {
            DEFAULT: Signature(
                inputs=_infos(self._session.get_inputs()),
                outputs=_infos(self._session.get_outputs()),
                method_name=typed.PREDICT,
            )
        }

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        signature = choose(self.signatures, signature_name)
        typed.check(signature, inputs)
        names = list(output_filter or signature.outputs)
        feeds = {
            name: text.to_text(each) if each.dtype == np.object_ else each
            for name, each in inputs.items()
        }
        found = self._run(names, feeds)
        return {name: _array(each) for name, each in zip(names, found, strict=True)}

    def _run(self, names: list[str], feeds: Mapping[str, Array]) -> list[Any]:
        from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument as Unfit

        try:
            outputs: list[Any] = self._session.run(names, feeds)
        except Unfit as error:  # a shape that it cannot take
            raise InvalidArgument(hidden(str(error))) from None
        except Exception as error:  # noqa: BLE001  # see above
            raise Internal(hidden(str(error))) from None
        return outputs

    def close(self) -> None:
        """Free the session."""
        del self._session


def _infos(nodes: Sequence[Any]) -> dict[str, TensorInfo]:
    return {node.name: _info(node) for node in nodes}


def _info(node: Any) -> TensorInfo:
    if found := _MAPS.fullmatch(node.type):
        kind = "DT_FLOAT" if found[1] == "float" else "DT_DOUBLE"
        return TensorInfo(name=node.name, dtype=kind, shape=(-1, -1))
    if node.type not in _TYPES:
        raise InvalidArgument(
            f"{node.name} is of type {node.type}, which no client could send or read; "
            f"expected: {', '.join(_TYPES)}"
        )
    # It gives an empty shape where there is no dimension, and where nothing is known.
    sizes = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return TensorInfo(name=node.name, dtype=_TYPES[node.type], shape=sizes or None)


def _array(found: Any) -> Array:
    """Return an output as an array; of maps, a row for each, its columns in the order of keys."""
    if isinstance(found, list):
        columns = sorted({key for row in found for key in row})
        rows = [[row[key] for key in columns] for row in found]
        return np.array(rows, np.float32).reshape(len(found), -1)
    array = np.asarray(found)
    return text.to_bytes(array) if array.dtype.kind in "OU" else array
