"""SavedModels, loaded as tensorflow_model_server loads them: by the session loader.

tf.saved_model.load is not used: it checks declared shapes, which the real server does not, and it
loads exports that the real server cannot (a tf.Module that holds Keras variables).
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.errors import (
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    ServingError,
    Unavailable,
    Unimplemented,
)
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo, choose


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


class SavedModel:
    """One SavedModel in a session of its own; the tag is "serve"."""

    def __init__(self, path: Path) -> None:
        """Load it; raise ServingError where it cannot be."""
        tf = import_tensorflow()
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        loader = tf.compat.v1.saved_model.loader
        try:
            meta_graph = loader.load(self._session, ["serve"], str(path))
        except tf.errors.OpError as error:
            raise _translate(error) from None
        except (OSError, RuntimeError, ValueError) as error:  # no file; no such tag; unknown op
            raise NotFound(f"not a SavedModel that can be served: {error}") from None
        self.signatures = {
            name: _signature(definition) for name, definition in meta_graph.signature_def.items()
        }
        # What takes no input, such as __saved_model_init_op, may have outputs that are operations.
        self._calls = {
            name: self._prepare(each) for name, each in self.signatures.items() if each.inputs
        }

    def _prepare(self, signature: Signature) -> Any:
        """Return a callable for the signature: thread-safe, and without feed_dict's checks."""
        from tensorflow.core.protobuf import config_pb2

        return self._session._make_callable_from_options(  # noqa: SLF001  # no public equal
            config_pb2.CallableOptions(
                feed=[info.name for info in signature.inputs.values()],
                fetch=[info.name for info in signature.outputs.values()],
            )
        )

    def run(self, signature_name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of one call; raise ServingError. Safe to call from many threads."""
        signature = choose(self.signatures, signature_name)
        feeds = [inputs[name] for name in signature.inputs]
        try:
            values = self._calls[signature_name](*feeds)
        except import_tensorflow().errors.OpError as error:
            raise _translate(error) from None
        return dict(zip(signature.outputs, values, strict=True))


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


_BY_CODE: dict[int, type[ServingError]] = {  # google.rpc.Code
    3: InvalidArgument,
    5: NotFound,
    9: FailedPrecondition,
    11: InvalidArgument,  # OUT_OF_RANGE: 400 as well
    12: Unimplemented,
    14: Unavailable,
}


def _translate(error: Any) -> ServingError:
    """Return our error for TensorFlow's, with the text that TensorFlow gives."""
    return _BY_CODE.get(error.error_code, Internal)(error.message)
