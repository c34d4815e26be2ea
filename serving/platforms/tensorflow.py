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

from serving import deadline
from serving.errors import DataLoss, InvalidArgument, NotFound, ServingError, of
from serving.paths import hidden
from serving.platforms.placement import release_from_cluster
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo, choose
from serving.protocol.tensor_pb2 import TensorProto

# Before the graph's own text Python's session puts which line of Python made the operation.
_PYTHON_S = re.compile(r"\AGraph execution error:\n.*\nNode: '[^']*'\n", re.DOTALL)


@functools.cache
def import_tensorflow() -> Any:
    """Return TensorFlow without Keras, which a server has no use for and waits seconds for."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what matters comes as an exception
    with _lean_import("keras", "scipy", "h5py"):
        import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # the session loader warns that it is old
    gc.freeze()  # it stays for ever: to look through its objects stops all threads for 0.1 to 0.5 s
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
            self.signatures = signatures(_load(self._session, path, options.tags))
            self._tensors = self._find_tensors()
            self._place()
        except tf.errors.OpError as error:
            self._session.close()
            raise of(error.error_code, _PYTHON_S.sub("", error.message)) from None
        except ServingError:
            self._session.close()
            raise
        except (KeyError, ValueError) as error:  # a tensor that is not in the graph
            self._session.close()
            raise InvalidArgument(f"not a SavedModel that can be served: {error}") from None

    def _place(self) -> None:
        """Have each operation given a device now: one for a GPU that is not there has none."""
        with self._session.graph.as_default():
            nothing = import_tensorflow().no_op()._c_op  # noqa: SLF001
        self._session._extend_graph()  # noqa: SLF001
        self._session._call_tf_sessionrun(None, {}, [], [nothing], None)  # noqa: SLF001

    def _find_tensors(self) -> dict[str, Any]:
        """Return each tensor of the signatures that can be called, by its name in the graph."""
        # What takes no input, such as __saved_model_init_op, may have outputs that are operations.
        named = {
            info.name
            for each in self.signatures.values()
            if each.inputs
            for info in (*each.inputs.values(), *each.outputs.values())
        }
        tensor = self._session.graph.get_tensor_by_name
        return {name: tensor(name)._as_tf_output() for name in named}  # noqa: SLF001

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError.

        Safe to call from many threads. It ends with the request's time.
        """
        signature = choose(self.signatures, signature_name)
        outputs = tuple(output_filter or signature.outputs)
        feeds = {self._tensors[info.name]: inputs[name] for name, info in signature.inputs.items()}
        fetches = [self._tensors[signature.outputs[name].name] for name in outputs]
        try:
            values = self._run(feeds, fetches, deadline.remaining())
        except import_tensorflow().errors.OpError as error:
            raise of(error.error_code, hidden(error.message)) from None
        except UnicodeDecodeError as error:  # TensorFlow's text repeats bytes of the request
            raise InvalidArgument(hidden(error.object.decode(errors="replace"))) from None
        return {
            name: _array(value, signature.outputs[name].dtype)
            for name, value in zip(outputs, values, strict=True)
        }

    def _run(self, feeds: Mapping[Any, Array], fetches: list[Any], seconds: float | None) -> Any:
        """Run the graph as TensorFlow Serving does: Session::Run, without Python's checks."""
        from tensorflow.python.client import pywrap_tf_session as session

        if seconds is None:
            return self._session._call_tf_sessionrun(  # noqa: SLF001  # no public equal
                None, feeds, fetches, [], None
            )
        timeout = max(1, int(seconds * 1000))
        options = import_tensorflow().compat.v1.RunOptions(timeout_in_ms=timeout)
        buffer = session.TF_NewBufferFromString(options.SerializeToString())
        try:
            return self._session._call_tf_sessionrun(  # noqa: SLF001
                buffer, feeds, fetches, [], None
            )
        finally:
            session.TF_DeleteBuffer(buffer)

    def close(self) -> None:
        """Free the session. Nothing runs now, and nothing will."""
        self._tensors.clear()
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
    from tensorflow.python.saved_model import loader_impl

    try:
        loader = loader_impl.SavedModelLoader(str(path))
        for graph in loader._saved_model.meta_graphs:  # noqa: SLF001  # no public equal
            release_from_cluster(graph.graph_def)
        return loader.load(session, list(tags))
    except RuntimeError as error:
        if "could not be found in SavedModel" not in str(error):
            raise NotFound(f"not a SavedModel that can be served: {error}") from None
        raise NotFound(  # FindMetaGraphDef in tensorflow/cc/saved_model/reader.cc
            f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. "
            "To inspect available tag-sets in the SavedModel, please use the SavedModel CLI: "
            "`saved_model_cli`"
        ) from None
    except OSError as error:
        if "Cannot parse file" not in str(error):
            raise NotFound(f"not a SavedModel that can be served: {error}") from None
        raise DataLoss(  # ReadBinaryProto in tensorflow/core/platform/env.cc
            f"Can't parse {path / 'saved_model.pb'} as binary proto"
        ) from None
    except ValueError as error:  # an unknown operation
        raise NotFound(f"not a SavedModel that can be served: {error}") from None


def _array(value: Any, dtype: str) -> Array:
    """Return an output as an array of its type.

    A session gives a string of no dimensions as bytes, and quantized numbers as plain ones.
    """
    if isinstance(value, bytes):
        return np.array(value, np.object_)
    if dtype.startswith("DT_Q"):
        array = np.asarray(value)
        return array.view([(dtype.removeprefix("DT_").lower(), array.dtype)])
    found: Array = value
    return found


def signatures(graph: Any) -> dict[str, Signature]:
    """Return the ways to call a MetaGraph."""
    return {name: _signature(each) for name, each in graph.signature_def.items()}


def _signature(definition: Any) -> Signature:
    return Signature(
        inputs={name: _info(info) for name, info in sorted(definition.inputs.items())},
        outputs={name: _info(info) for name, info in sorted(definition.outputs.items())},
        method_name=definition.method_name,
        defaults={
            name: TensorProto.FromString(each.SerializeToString())
            for name, each in sorted(definition.defaults.items())
        },
    )


def _info(info: Any) -> TensorInfo:
    from tensorflow.core.framework import types_pb2

    shape = info.tensor_shape
    return TensorInfo(
        name=info.name,
        dtype=types_pb2.DataType.Name(info.dtype),
        shape=None if shape.unknown_rank else tuple(dim.size for dim in shape.dim),
    )
