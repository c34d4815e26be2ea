"""PMML, read into estimators of scikit-learn by sklearn-pmml-model; no code is in such a file.

Each field of the DataDictionary but the target is an input of shape [batch], or, as Openscoring and
Simple TensorFlow Serving have it, a single value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.platforms import text
from serving.platforms.estimator import TOGETHER, Arrays, Estimator
from serving.protocol.json_tensor import Array
from serving.protocol.signature import TensorInfo

_TYPES = {
    "string": "DT_STRING",
    "integer": "DT_INT64",
    "float": "DT_FLOAT",
    "double": "DT_DOUBLE",
    "boolean": "DT_BOOL",
}


def load(path: Path, _: Flags) -> Estimator:
    """Return the model in the file; raise ServingError."""
    from sklearn.base import is_classifier
    from sklearn_pmml_model.auto_detect import auto_detect_estimator

    try:
        model = auto_detect_estimator(str(path))
        fields = _fields(model)
    except InvalidArgument:
        raise
    except Exception as error:  # noqa: BLE001  # it raises whatever a document leads it to
        raise InvalidArgument(
            f"not a PMML document that can be served: {type(error).__name__}: {error}"
        ) from None
    inputs = {
        name: TensorInfo(name=name, dtype=_type(each), shape=(-1,)) for name, each in fields.items()
    }
    probe = {name: _first(each) for name, each in fields.items()}
    methods = TOGETHER if is_classifier(model) else TOGETHER[:1]
    return Estimator(model, inputs, _arrange(model), probe, methods)


def _fields(model: Any) -> dict[str, Any]:
    """Return the XML elements of the fields that are asked for, by name."""
    found = {
        name: each
        for name, each in model.fields.items()
        if each.tag == "DataField" and each is not model.target_field
    }
    if not found:
        raise InvalidArgument("the document has no DataField but the target")
    return found


def _type(field: Any) -> str:
    kind = field.get("dataType")
    if kind not in _TYPES:
        raise InvalidArgument(
            f"field {field.get('name')} is of type {kind}; expected: {', '.join(_TYPES)}"
        )
    return _TYPES[kind]


def _first(field: Any) -> Array:
    """Return a value that the field may have: its first, of a category; 0 otherwise."""
    values = [each.get("value") for each in field.findall("Value")]
    if _type(field) == "DT_STRING":
        return np.array([(values or [""])[0].encode()], np.object_)
    return np.array([float((values or ["0"])[0])])


def _arrange(model: Any) -> Callable[[Arrays], Array]:
    """Return what makes rows [batch, fields] of the inputs, as this kind of model takes them.

    Linear models and their like encode categories themselves; trees take the places of theirs.
    """
    from sklearn_pmml_model.base import OneHotEncodingMixin
    from sklearn_pmml_model.datatypes import Category

    kinds = {name: kind for name, (_, kind) in model.field_mapping.items()}
    places: dict[str, dict[str, float]] = {}
    if not isinstance(model, OneHotEncodingMixin):
        for name, kind in kinds.items():
            if isinstance(kind, Category):
                places[name] = {str(each): float(at) for at, each in enumerate(kind.categories)}

    def arrange(inputs: Arrays) -> Array:
        found = _columns(inputs)
        rows = [
            _coded(name, each, places[name]) if name in places else each
            for name, each in found.items()
        ]
        return np.column_stack(rows)

    return arrange


def _coded(name: str, column: Array, places: Mapping[str, float]) -> Array:
    """Return a column of categories as their places; raise InvalidArgument for an unknown one."""
    try:
        return np.array([places[str(each)] for each in column.tolist()])
    except KeyError as error:
        raise InvalidArgument(f"input {name}: {error} is none of {', '.join(places)}") from None


def _columns(inputs: Arrays) -> Mapping[str, Array]:
    """Return the fields' values, [batch] each; raise InvalidArgument."""
    columns: Mapping[str, Array] = {
        name: np.atleast_1d(text.to_text(each) if each.dtype == np.object_ else each)
        for name, each in inputs.items()
    }
    found = {each.shape for each in columns.values()}
    if len(found) > 1 or len(found.pop()) != 1:
        shapes = ", ".join(f"{name} {list(each.shape)}" for name, each in inputs.items())
        raise InvalidArgument(f"expected inputs of one shape, [batch]; found: {shapes}")
    return columns
