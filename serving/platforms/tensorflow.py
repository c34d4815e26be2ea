"""SavedModels, loaded as tensorflow_model_server loads them: by the session loader.

tf.saved_model.load is not used: it checks declared shapes, which the real server does not, and it
loads exports that the real server cannot (a tf.Module that holds Keras variables).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import InvalidArgument, NotFound, ServingError, of
from serving.lifecycle.paths import hidden
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo, choose

_WRONG_TYPE = re.compile(r"Type mismatch: actual (\w+) vs\. expect (\w+)")
_MOST_CALLS = 100  # kept, of one model: a client may ask for any set of outputs


@functools.cache
def import_tensorflow() -> Any:
    """Return TensorFlow without Keras, which a server has no use for and waits seconds for."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what matters comes as an exception
    with _lean_import("keras", "scipy", "h5py"):
        import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # the session loader warns that it is old
    return tf


@contextlib.contextmanager
def _lean_import(*unused: str) -> Iterator[None]:
    """Import without packages that are optional there, and without collecting garbage: 5 s, not 9.

    Whoever imports those packages later gets them.
    """
    hidden = [name for name in unused if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "not importable"
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        if collecting:
            gc.enable()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How SavedModels are loaded."""

    tags: tuple[str, ...] = ("serve",)  # of the MetaGraph, all of them
    session: Any = None  # a ConfigProto; None: an empty one


class SavedModel:
    """One MetaGraph of a SavedModel in a session of its own."""

    def __init__(self, path: Path, options: Options | None = None) -> None:
        """Load it; raise ServingError where it cannot be."""
        tf, options = import_tensorflow(), options or Options()
        _check_format(path)
        # Not TensorFlow 2's own: it puts what asks for a GPU on the CPU, the real server does not.
        config = options.session or tf.compat.v1.ConfigProto()
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        try:
            definitions = _load(self._session, path, options.tags).signature_def
            self.signatures = {name: _signature(each) for name, each in definitions.items()}
            self._calls = self._prepare_all()
        except tf.errors.OpError as error:
            self._session.close()
            raise of(error.error_code, error.message) from None
        except ServingError:
            self._session.close()
            raise

    def _prepare_all(self) -> dict[tuple[str, tuple[str, ...]], Any]:
        # What takes no input, such as __saved_model_init_op, may have outputs that are operations.
        return {
            (name, tuple(each.outputs)): self._prepare(name, tuple(each.outputs))
            for name, each in self.signatures.items()
            if each.inputs
        }

    def _prepare(self, name: str, outputs: tuple[str, ...]) -> Any:
        """Return a callable for the signature: thread-safe, and without feed_dict's checks."""
        from tensorflow.core.protobuf import config_pb2

        signature = self.signatures[name]
        return self._session._make_callable_from_options(  # noqa: SLF001  # no public equal
            config_pb2.CallableOptions(
                feed=[info.name for info in signature.inputs.values()],
                fetch=[signature.outputs[output].name for output in outputs],
            )
        )

    def _call(self, name: str, outputs: tuple[str, ...]) -> Any:
        """Return the callable for these outputs; there are more sets of them than can be kept."""
        known = self._calls.get((name, outputs))
        if known is not None:
            return known
        call = self._prepare(name, outputs)
        if len(self._calls) < _MOST_CALLS:
            self._calls[name, outputs] = call
        return call

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError.

        Safe to call from many threads.
        """
        signature = choose(self.signatures, signature_name)
        outputs = tuple(output_filter or signature.outputs)
        feeds = [inputs[name] for name in signature.inputs]
        try:
            values = self._call(signature_name, outputs)(*feeds)
        except import_tensorflow().errors.OpError as error:
            raise of(error.error_code, hidden(_as_served(error.message, signature))) from None
        except UnicodeDecodeError as error:  # TensorFlow's text repeats bytes of the request
            text = error.object.decode(errors="replace")
            raise InvalidArgument(hidden(_as_served(text, signature))) from None
        return {name: _array(value) for name, value in zip(outputs, values, strict=True)}

    def close(self) -> None:
        """Free the session. Nothing runs now, and nothing will."""
        self._calls.clear()  # they hold the session
        self._session.close()


def _check_format(path: Path) -> None:
    if not any((path / name).exists() for name in ("saved_model.pb", "saved_model.pbtxt")):
        raise NotFound(  # tensorflow/cc/saved_model/reader.cc
            f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}. "
            "Check that the directory exists and that you have the right permissions for "
            "accessing it."
        )


def _load(session: Any, path: Path, tags: Sequence[str]) -> Any:
    """Return the MetaGraph, loaded into the session; raise ServingError, or TensorFlow's error."""
    tf = import_tensorflow()
    loader = tf.compat.v1.saved_model.loader
    try:
        return loader.load(session, list(tags), str(path))
    except RuntimeError as error:
        if "could not be found in SavedModel" not in str(error):
            raise NotFound(f"not a SavedModel that can be served: {error}") from None
        raise NotFound(  # FindMetaGraphDef in tensorflow/cc/saved_model/reader.cc
            f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. "
            "To inspect available tag-sets in the SavedModel, please use the SavedModel CLI: "
            "`saved_model_cli`"
        ) from None
    except (OSError, ValueError) as error:  # a damaged file; an unknown operation
        raise NotFound(f"not a SavedModel that can be served: {error}") from None


def _array(value: Any) -> Array:
    """Return an output as an array: a session gives a string of no dimensions as bytes."""
    return np.array(value, np.object_) if isinstance(value, bytes) else value


def _signature(definition: Any) -> Signature:
    return Signature(
        inputs={name: _info(info) for name, info in sorted(definition.inputs.items())},
        outputs={name: _info(info) for name, info in sorted(definition.outputs.items())},
        method_name=definition.method_name,
    )


def _info(info: Any) -> TensorInfo:
    from tensorflow.core.framework import types_pb2

    shape = info.tensor_shape
    return TensorInfo(
        name=info.name,
        dtype=types_pb2.DataType.Name(info.dtype),
        shape=None if shape.unknown_rank else tuple(dim.size for dim in shape.dim),
    )


def _as_served(message: str, signature: Signature) -> str:
    """Return the message as Session::Run has it, where a callable has another."""
    wrong = _WRONG_TYPE.match(message)
    dtypes = [info.dtype for info in signature.inputs.values()]
    if wrong is None or f"DT_{wrong[2].upper()}" not in dtypes:
        return message
    place = dtypes.index(f"DT_{wrong[2].upper()}")
    return f"Expects arg[{place}] to be {wrong[2]} but {wrong[1]} is provided"
