"""model.tflite, by the interpreter that comes with TensorFlow.

A model without signatures gets "serving_default" over the names of its tensors, as from
tensorflow_serving/servables/tensorflow/tflite_session.cc.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import Internal, InvalidArgument
from serving.flags import Flags
from serving.paths import hidden
from serving.platforms import typed
from serving.platforms.interpreters import interpreter
from serving.platforms.tensorflow import import_tensorflow
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo, choose

_DTYPES = {np.bytes_: "DT_STRING", np.object_: "DT_STRING", np.str_: "DT_STRING"}


def load(path: Path, flags: Flags) -> TFLiteModel:
    """Return the model in the file; raise InvalidArgument."""
    return TFLiteModel(path, interpreters=flags.num_tflite_pools)


class TFLiteModel:
    """One file behind several interpreters: each answers one call at a time, on one core."""

    def __init__(self, path: Path, *, interpreters: int) -> None:
        """Load it; raise InvalidArgument where it is no such model."""
        import_tensorflow()
        content = path.read_bytes()
        try:
            made = [interpreter(content, threads=1) for _ in range(max(1, interpreters))]
        except (ValueError, RuntimeError) as error:
            raise InvalidArgument(f"not a TFLite model that can be served: {error}") from None
        self.signatures = _signatures(made[0])
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for each in made:
            self._free.put(each)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        signature = choose(self.signatures, signature_name)
        _check_types(signature, inputs)
        free = self._free.get()
        try:
            outputs = _run(free, signature_name, inputs)
        except (ValueError, RuntimeError) as error:
            # Not before: models of a fixed batch that can be resized take others as well.
            typed.check_shapes(signature, inputs)
            kind = InvalidArgument if isinstance(error, ValueError) else Internal
            raise kind(hidden(str(error))) from None
        finally:
            self._free.put(free)
        return {name: outputs[name] for name in output_filter or signature.outputs}

    def close(self) -> None:
        """Free the interpreters."""
        while not self._free.empty():
            self._free.get()


def _run(interpreter: Any, name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
    if interpreter.get_signature_list():
        outputs: dict[str, Array] = interpreter.get_signature_runner(name)(**inputs)
        return outputs
    for each in interpreter.get_input_details():
        interpreter.resize_tensor_input(each["index"], inputs[each["name"]].shape)
    interpreter.allocate_tensors()
    for each in interpreter.get_input_details():
        interpreter.set_tensor(each["index"], inputs[each["name"]])
    interpreter.invoke()
    return {
        each["name"]: interpreter.get_tensor(each["index"])
        for each in interpreter.get_output_details()
    }


def _check_types(signature: Signature, inputs: Mapping[str, Array]) -> None:
    """Raise InvalidArgument: the interpreter would take one type for another of the same size."""
    for name, info in signature.inputs.items():
        found = _dtype(inputs[name].dtype)
        if found != info.dtype:
            raise InvalidArgument(f"input {name}: expected {info.dtype}, found {found}")


def _signatures(interpreter: Any) -> dict[str, Signature]:
    found = interpreter.get_signature_list()
    if not found:
        sides = interpreter.get_input_details(), interpreter.get_output_details()
        inputs, outputs = ({each["name"]: each for each in side} for side in sides)
        return {"serving_default": _signature(inputs, outputs)}
    runners = {name: interpreter.get_signature_runner(name) for name in found}
    return {
        name: _signature(runner.get_input_details(), runner.get_output_details())
        for name, runner in runners.items()
    }


def _signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Signature:
    return Signature(
        inputs={name: _info(details) for name, details in sorted(inputs.items())},
        outputs={name: _info(details) for name, details in sorted(outputs.items())},
        method_name="tensorflow/serving/predict",
    )


def _info(details: Mapping[str, Any]) -> TensorInfo:
    shape = tuple(int(size) for size in details["shape_signature"])
    return TensorInfo(name=details["name"], dtype=_dtype(np.dtype(details["dtype"])), shape=shape)


def _dtype(dtype: np.dtype[Any]) -> str:
    if dtype.type in _DTYPES:
        return _DTYPES[dtype.type]
    name = dtype.name.upper()
    return "DT_" + {"FLOAT32": "FLOAT", "FLOAT64": "DOUBLE", "FLOAT16": "HALF"}.get(name, name)
