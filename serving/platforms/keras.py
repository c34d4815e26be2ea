"""Whole models of Keras, .keras or the older .h5, run by TensorFlow as one graph.

Lambda layers are code in Python; a file that has some is loaded by a flag that says so alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import InvalidArgument, of
from serving.flags import Flags
from serving.paths import hidden
from serving.platforms import consent, typed
from serving.platforms.tensorflow import import_tensorflow
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose


def load(path: Path, flags: Flags) -> KerasModel:
    """Return the model in the file; raise ServingError."""
    import_tensorflow()  # before Keras, and as lean as SavedModels have it
    import keras

    try:
        model = keras.saving.load_model(
            path, compile=False, safe_mode=not flags.allow_models_that_run_code
        )
    except (ValueError, TypeError, KeyError, OSError, RuntimeError) as error:
        if "lambda" in str(error).lower():
            consent.ask(
                flags,
                path,
                why="has a Lambda layer, which is code in Python",
                instead="Make it a layer of Keras' own",
            )
        reason = str(error).replace(str(path), path.name)
        raise InvalidArgument(f"not a model of Keras that can be served: {reason}") from None
    return KerasModel(model)


class KerasModel:
    """One model, traced once for batches of any size; many threads may run it at once."""

    def __init__(self, model: Any) -> None:
        """Trace it; raise InvalidArgument where it does not say what it takes."""
        tf = import_tensorflow()
        if not getattr(model, "inputs", None):
            raise InvalidArgument(
                "the model does not say what it takes: build or call it before it is saved"
            )
        specs = {
            each.name: tf.TensorSpec(each.shape, each.dtype, name=each.name)
            for each in model.inputs
        }
        structure, names = _structure(model), list(specs)

        def predict(**tensors: Any) -> dict[str, Any]:
            packed = tf.nest.pack_sequence_as(structure, [tensors[each] for each in names])
            found = model(packed, training=False)
            if isinstance(found, dict):
                return found
            return dict(zip(_names(model), tf.nest.flatten(found), strict=True))

        self._model = model  # which holds the variables
        self._predict = tf.function(predict).get_concrete_function(**specs)
        made = self._predict.structured_outputs
        self.signatures = {
            DEFAULT: Signature(
                inputs={name: _info(name, each) for name, each in specs.items()},
                outputs={name: _info(name, each) for name, each in made.items()},
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
        tf = import_tensorflow()
        signature = choose(self.signatures, signature_name)
        typed.check(signature, inputs)
        typed.check_shapes(signature, inputs)
        try:
            tensors = {name: tf.constant(inputs[name]) for name in signature.inputs}
            found = self._predict(**tensors)
        except tf.errors.OpError as error:
            raise of(error.error_code, hidden(error.message)) from None
        except (ValueError, TypeError) as error:  # a shape that it cannot take
            raise InvalidArgument(hidden(str(error))) from None
        return {name: np.asarray(found[name]) for name in output_filter or signature.outputs}

    def close(self) -> None:
        """Let it go."""
        del self._predict, self._model


def _structure(model: Any) -> Any:
    """Return how the model takes its inputs: alone, in a list, by name, or those nested."""
    return model.inputs[0] if len(model.inputs) == 1 and not _is_dict(model) else model.input


def _is_dict(model: Any) -> bool:
    return isinstance(getattr(model, "input", None), dict)


def _names(model: Any) -> list[str]:
    """Return the names of the outputs: those of the layers that give them, where they differ."""
    names = list(getattr(model, "output_names", [model.layers[-1].name]))
    if len(set(names)) == len(model.outputs):
        return names
    return [f"output_{index}" for index in range(len(model.outputs))]


def _info(name: str, tensor: Any) -> TensorInfo:
    if tensor.shape.rank is None:
        return TensorInfo(name=name, dtype=_dtype(tensor), shape=None)
    shape = tuple(-1 if size is None else size for size in tensor.shape.as_list())
    return TensorInfo(name=name, dtype=_dtype(tensor), shape=shape)


def _dtype(tensor: Any) -> str:
    if tensor.dtype.name == "string":
        return "DT_STRING"
    return typed.dtype(tensor.dtype.as_numpy_dtype)
