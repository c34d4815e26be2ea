"""Models of PyTorch: TorchScript (.pt), or what torch.export has saved (.pt2).

On the GPU where there is one. TorchScript says nothing of types and shapes: signature.json beside
it may, a SignatureDef in JSON as GET …/metadata prints it. Without one its inputs are floats.
torch.export.load() evaluates expressions and unpickles: .pt2 is loaded by the flag for that alone.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serving.errors import InvalidArgument, ResourceExhausted
from serving.flags import Flags
from serving.paths import hidden
from serving.platforms import consent, torchscript, typed
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose
from serving.protocol.string_list import TensorError

_PROGRAM = ".pt2"
Call = Callable[[Sequence[Any]], Any]  # from tensors, in the order of the inputs, to the result


def load(path: Path, flags: Flags) -> TorchModel:
    """Return the model in the file; raise ServingError."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if path.suffix != _PROGRAM:
        module = torchscript.read(path, device)
        signature = torchscript.signature(module, path)
        return TorchModel(lambda tensors: module(*tensors), signature, device)
    consent.ask(
        flags,
        path,
        why="is read by torch.export.load(), which evaluates and unpickles what is in it",
        instead="Export the model to ONNX or TorchScript instead",
    )
    if not zipfile.is_zipfile(path):
        raise InvalidArgument(f"{path.name} is no archive as torch.export.save() writes it")
    try:
        program = torch.export.load(path)
        if device == "cuda":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, device)
        return TorchModel(_call(program), _signature(program), device)
    except (RuntimeError, ValueError, KeyError, AssertionError, OSError) as error:
        reason = str(error).replace(str(path), path.name)
        raise InvalidArgument(f"not a program that torch.export has saved: {reason}") from None


class TorchModel:
    """One model, whatever calls it; many threads may run it at once."""

    def __init__(self, call: Call, signature: Signature, device: str) -> None:
        """Take a signature whose inputs stand in the order of the call."""
        self._call, self._device = call, device
        self.signatures = {DEFAULT: signature}

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        import torch

        signature = choose(self.signatures, signature_name)
        for name in signature.inputs:
            typed.numbers(name, inputs[name])
        try:
            with torch.inference_mode():
                tensors = [
                    torch.tensor(inputs[name], device=self._device) for name in signature.inputs
                ]
                found = torchscript.named(self._call(tensors))
                arrays = {name: each.cpu().numpy() for name, each in found.items()}
        except torch.OutOfMemoryError as error:
            raise ResourceExhausted(hidden(str(error))) from None
        except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
            # A type, or a shape. The last line says which, those before it where.
            reason = str(error).strip().rpartition("\n")[2]
            raise InvalidArgument(hidden(reason)) from None
        return {name: arrays[name] for name in output_filter or signature.outputs}

    def close(self) -> None:
        """Let it go."""
        del self._call


def _call(program: Any) -> Call:
    """Return what calls an exported program."""
    from torch.utils import _pytree as pytree  # what torch.export itself says its inputs by

    module, spec = program.module(), program.call_spec.in_spec

    def call(tensors: Sequence[Any]) -> Any:
        positional, keywords = pytree.tree_unflatten(list(tensors), spec)
        return module(*positional, **keywords)

    return call


def _signature(program: Any) -> Signature:
    """Return the signature of an exported program, which knows types and shapes."""
    from torch.utils import _pytree as pytree

    nodes = {node.name: node.meta.get("val") for node in program.graph.nodes}
    inputs = [(name, nodes[name]) for name in program.graph_signature.user_inputs]
    made = [nodes[name] for name in program.graph_signature.user_outputs]
    outputs = torchscript.named(pytree.tree_unflatten(made, program.call_spec.out_spec))
    return Signature(
        inputs={name: _info(name, value) for name, value in inputs},
        outputs={name: _info(name, value) for name, value in outputs.items()},
        method_name=typed.PREDICT,
    )


def _info(name: str, value: Any) -> TensorInfo:
    if not hasattr(value, "shape"):
        raise InvalidArgument(f"{name} is no tensor: {type(value).__name__}")
    shape = tuple(size if isinstance(size, int) else -1 for size in value.shape)
    try:
        kind = typed.dtype(str(value.dtype).removeprefix("torch."))
    except (TensorError, TypeError):
        raise InvalidArgument(f"{name} is of type {value.dtype}, which has no form here") from None
    return TensorInfo(name=name, dtype=kind, shape=shape)
