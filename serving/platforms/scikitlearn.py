"""Estimators and pipelines of scikit-learn, from files of skops.

pickle and joblib run whatever code is in a file, and are loaded by a flag that says so alone.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import FailedPrecondition, InvalidArgument
from serving.flags import Flags
from serving.platforms import consent, text, trees, typed
from serving.platforms.estimator import Arrays, Estimator
from serving.protocol.signature import TensorInfo

INPUT = "inputs"

# Parts of scikit-learn that skops asks about, and that are plain data.
_HARMLESS = trees.TYPES | {
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
}


def load(path: Path, flags: Flags) -> Estimator:
    """Return the estimator in the file; raise ServingError."""
    return serve(read(path, flags))


def read(path: Path, flags: Flags) -> Any:
    """Return the object in the file; raise ServingError."""
    if path.suffix != ".skops":
        consent.ask(
            flags, path, why="is a pickle", instead="Save the model by skops.io.dump instead"
        )
        return _unpickle(path)
    try:
        return _read_skops(path, flags)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidArgument(f"{path.name} is no model that skops has saved: {error!r}") from None


def _read_skops(path: Path, flags: Flags) -> Any:
    import skops.io

    foreign = set(skops.io.get_untrusted_types(file=path)) - _HARMLESS
    if foreign:
        consent.ask(
            flags,
            path,
            why=f"holds {', '.join(sorted(foreign))}, which skops does not know to be harmless",
            instead="Build the model of scikit-learn's own parts",
        )
    found = skops.io.load(path, trusted=sorted(foreign | _HARMLESS))
    trees.check(found)
    return found


def _unpickle(path: Path) -> Any:
    import joblib

    try:
        return joblib.load(path)  # it reads plain pickles, too
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            f"{path.name} is of a package that is not installed here: {error.name}"
        ) from None
    except Exception as error:  # noqa: BLE001  # a damaged pickle raises whatever it likes
        raise InvalidArgument(f"{path.name} cannot be unpickled: {error!r}") from None


def serve(model: Any) -> Estimator:
    """Return a servable: one input, a matrix of numbers or, for text models, strings."""
    width = getattr(model, "n_features_in_", None)
    if width is None and _takes_text(model):
        strings = TensorInfo(name=INPUT, dtype="DT_STRING", shape=(-1,))
        return Estimator(model, {INPUT: strings}, _texts, {INPUT: np.array([b""], np.object_)})
    if width is None:
        raise InvalidArgument(
            f"{type(model).__name__} is no fitted estimator that takes a matrix or texts"
        )
    numbers = TensorInfo(name=INPUT, dtype="DT_DOUBLE", shape=(-1, width))
    return Estimator(model, {INPUT: numbers}, _rows_of(model), {INPUT: np.zeros((1, width))})


def _takes_text(model: Any) -> bool:
    from sklearn.utils import get_tags

    first = model[0] if hasattr(model, "steps") else model
    try:
        return bool(get_tags(first).input_tags.string)
    except (AttributeError, TypeError, ValueError):  # it is no estimator
        return False


def _texts(inputs: Arrays) -> Sequence[str]:
    array = inputs[INPUT]
    if array.dtype != np.object_ or array.ndim != 1:
        raise InvalidArgument(f"{INPUT}: expected strings of shape [batch]")
    found: list[str] = text.to_text(array).tolist()
    return found


def _rows_of(model: Any) -> Callable[[Arrays], Any]:
    """Return how to arrange rows: with the names of the columns where the model knows them."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return lambda inputs: typed.numbers(INPUT, inputs[INPUT])
    try:
        import pandas as pd
    except ModuleNotFoundError:  # most models do not mind
        return lambda inputs: typed.numbers(INPUT, inputs[INPUT])
    frame = functools.partial(pd.DataFrame, columns=list(names))
    return lambda inputs: frame(typed.numbers(INPUT, inputs[INPUT]))
