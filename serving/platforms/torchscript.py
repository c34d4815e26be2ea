"""TorchScript: the program in a file, and what its inputs and outputs are called."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.errors import InvalidArgument
from serving.platforms import typed
from serving.protocol.signature import Signature, TensorInfo, of_json

_SIGNATURE = "signature.json"
_OUTPUT = "output"


def read(path: Path, device: str) -> Any:
    """Return the module in the file; raise InvalidArgument."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript as a whole
            module = torch.jit.load(str(path), map_location=device)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition(". ")[0].replace(str(path), path.name)
        raise InvalidArgument(
            f"not a model of TorchScript: {reason}. torch.save() writes no program, weights alone "
            "or a pickle: save the model by torch.jit.save(), torch.export.save() or "
            "torch.onnx.export()"
        ) from None
    return module.eval()


def signature(module: Any, path: Path) -> Signature:
    """Return what signature.json says, or else what the program does; raise InvalidArgument."""
    file = path.parent / _SIGNATURE
    if not file.exists():
        return _told(module)
    try:
        found = of_json(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, InvalidArgument) as error:
        raise InvalidArgument(f"{_SIGNATURE}: {error}") from None
    names = _names(module)
    if set(found.inputs) != set(names):
        raise InvalidArgument(
            f"{_SIGNATURE}: expected the inputs of the program, {', '.join(names)}; "
            f"found: {', '.join(found.inputs)}"
        )
    return Signature(
        inputs={name: found.inputs[name] for name in names},
        outputs=found.outputs,
        method_name=typed.PREDICT,
    )


def _told(module: Any) -> Signature:
    outputs = _outputs(module.forward.schema.returns[0].type)
    return Signature(
        inputs={name: _any(name) for name in _names(module)},
        outputs={name: _any(name) for name in outputs},
        method_name=typed.PREDICT,
    )


def _any(name: str) -> TensorInfo:
    return TensorInfo(name=name, dtype="DT_FLOAT", shape=None)


def _names(module: Any) -> list[str]:
    """Return the inputs that the program needs, in its order."""
    given = module.forward.schema.arguments[1:]  # the first is the module itself
    return [each.name for each in given if not each.has_default_value()]


def _outputs(kind: Any) -> list[str]:
    """Return the names of the outputs, as far as the type of the result tells; see named()."""
    match kind.kind():
        case "TensorType":
            return [_OUTPUT]
        case "TupleType":
            return [f"{_OUTPUT}_{index}" for index in range(len(kind.elements()))]
        case _:
            raise InvalidArgument(
                f"the model gives {kind}, which tells no names: write them into {_SIGNATURE} "
                "beside it"
            )


def named(result: Any) -> Mapping[str, Any]:
    """Return what a model has given by name: its own names where it has some."""
    if isinstance(result, Mapping):
        return result
    if isinstance(result, tuple | list):
        return {f"{_OUTPUT}_{index}": each for index, each in enumerate(result)}
    return {_OUTPUT: result}
