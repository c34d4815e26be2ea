"""What may be done to the inputs before a model runs, and to its outputs after, by name.

Simple TensorFlow Serving ran whatever code lay beside a model, marshalled. Here a name chooses from
functions that whoever starts the server has registered: a module of --processing_modules does so
when it is imported.

    from serving.simple.functions import Arrays, postprocess

    @postprocess("first")
    def first(outputs: Arrays) -> Arrays: …

One that finds fault with what it was sent raises InvalidArgument of serving.errors.
"""

from __future__ import annotations

import base64
import functools
import importlib
import logging
from collections.abc import Callable

import numpy as np

from serving.errors import Internal, InvalidArgument, ServingError
from serving.protocol.json_tensor import Array

logger = logging.getLogger(__name__)

Arrays = dict[str, Array]  # by the name of the input or output
Function = Callable[[Arrays], Arrays]

PREPROCESS: dict[str, Function] = {}
POSTPROCESS: dict[str, Function] = {}


class FunctionsError(Exception):
    """A module that is to register functions cannot be imported; the text says why."""


def preprocess(name: str) -> Callable[[Function], Function]:
    """Return a decorator that registers a function of the inputs under this name."""
    return functools.partial(_register, PREPROCESS, name)


def postprocess(name: str) -> Callable[[Function], Function]:
    """Return a decorator that registers a function of the outputs under this name."""
    return functools.partial(_register, POSTPROCESS, name)


def _register(registry: dict[str, Function], name: str, function: Function) -> Function:
    if name in registry:
        raise FunctionsError(f"there are two functions {name}")
    registry[name] = function
    return function


def register(modules: str) -> None:
    """Import modules, "a,b"; raise FunctionsError."""
    for name in filter(None, modules.split(",")):
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a module does when it is imported
            raise FunctionsError(f"{name} cannot be imported: {error!r}") from error


def apply(registry: dict[str, Function], name: str, arrays: Arrays) -> Arrays:
    """Return what the function of that name makes of the arrays.

    Raises InvalidArgument where there is none; what the function raises of ServingError, which
    goes to who asked; and Internal for whatever else it raises, which goes to the log.
    """
    if not name:
        return arrays
    if name not in registry:
        known = ", ".join(sorted(registry)) or "none"
        raise InvalidArgument(f"there is no function {name} here; registered: {known}")
    try:
        return registry[name](arrays)
    except ServingError:
        raise
    except Exception:
        logger.exception("function %s failed", name)
        raise Internal(f"{name} failed; see the server's log") from None


@preprocess("urlsafe_base64")
def _urlsafe_base64(inputs: Arrays) -> Arrays:
    """Encode strings as models made for Simple TensorFlow Serving decode them in their graph."""
    encode = np.frompyfunc(base64.urlsafe_b64encode, 1, 1)
    return {name: _of_strings(array, encode) for name, array in inputs.items()}


def _of_strings(array: Array, encode: Callable[[Array], Array]) -> Array:
    return np.asarray(encode(array), np.object_) if array.dtype == np.object_ else array


@preprocess("scale_to_one")
def _scale_to_one(inputs: Arrays) -> Arrays:
    """Divide floats by 255: pixels of 0 to 255 become 0 to 1."""
    return {
        name: array / array.dtype.type(255) if array.dtype.kind == "f" else array
        for name, array in inputs.items()
    }


@postprocess("softmax")
def _softmax(outputs: Arrays) -> Arrays:
    """Make probabilities of floats, along the last dimension."""
    return {
        name: _probabilities(array) if array.dtype.kind == "f" and array.ndim else array
        for name, array in outputs.items()
    }


def _probabilities(array: Array) -> Array:
    powers = np.exp(array - array.max(-1, keepdims=True))
    found: Array = powers / powers.sum(-1, keepdims=True)
    return found


@postprocess("argmax")
def _argmax(outputs: Arrays) -> Arrays:
    """Give the place of the largest number along the last dimension, of each output of numbers."""
    return {
        name: array.argmax(-1) if array.dtype != np.object_ and array.ndim else array
        for name, array in outputs.items()
    }
