"""Decision trees out of files: scikit-learn follows their indices without looking at bounds.

A damaged one leads it anywhere in memory, which ends the process; that is why skops does not trust
them. They hold no code. Here each is looked at: children come after their parent and before the
end, features are there. Who forges one with care may still have it read where nothing is.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from serving.errors import InvalidArgument
from serving.protocol.json_tensor import Array

_PLAIN = "sklearn.tree._tree.Tree"
_HISTOGRAM = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
TYPES = frozenset({_PLAIN, _HISTOGRAM})
_OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes)


def check(model: Any) -> None:
    """Raise InvalidArgument where a tree in the model leads out of itself."""
    for each in _found(model):
        whole = _is_whole(each) if _name(each) == _PLAIN else _is_whole_histogram(each)
        if not whole:
            raise InvalidArgument("a decision tree in it is damaged: it leads out of itself")


def _found(model: Any) -> Iterator[Any]:
    """Give every tree that the model holds, wherever."""
    seen, waiting = set(), [model]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, _OPAQUE):
            continue
        seen.add(id(each))
        if _name(each) in TYPES:
            yield each
        elif isinstance(each, np.ndarray):  # the collector does not look into them
            waiting.extend(each.ravel().tolist() if each.dtype == np.object_ else ())
        else:
            waiting.extend(gc.get_referents(each))


def _name(each: Any) -> str:
    return f"{type(each).__module__}.{type(each).__qualname__}"


def _is_whole(tree: Any) -> bool:
    inner = tree.children_left != -1
    return _leads_on(
        np.stack([tree.children_left, tree.children_right], 1)[inner],
        np.flatnonzero(inner),
        tree.node_count,
    ) and _within(tree.feature[inner], tree.n_features)


def _is_whole_histogram(tree: Any) -> bool:
    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    categorical = nodes["is_categorical"][inner] != 0
    return (
        _leads_on(
            np.stack([nodes["left"], nodes["right"]], 1)[inner].astype(np.int64),
            np.flatnonzero(inner),
            len(nodes),
        )
        and len(nodes) > 0
        and _within(
            nodes["bitset_idx"][inner][categorical],
            min(len(tree.binned_left_cat_bitsets), len(tree.raw_left_cat_bitsets)),
        )
    )


def _leads_on(children: Array, parents: Array, count: int) -> bool:
    """Return whether children [nodes, 2] come after their parents [nodes], before the end."""
    return bool(((children > parents[:, None]) & (children < count)).all())


def _within(indices: Array, end: int) -> bool:
    return bool(((indices >= 0) & (indices < end)).all())
