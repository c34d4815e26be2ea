"""Where the operations of a graph were placed by what trained it; here are other devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def release(graph: Any) -> None:
    """Bind the operations of a GraphDef, and of its functions, to no device."""
    for node in _nodes(graph):
        node.device = ""


def release_from_cluster(graph: Any) -> None:
    """Do so for those that are bound to a task of a cluster, such as /job:ps/task:0.

    Those that a programmer bound, such as to /device:GPU:0, stay so.
    """
    for node in _nodes(graph):
        if "/job:" in node.device:
            node.device = ""


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def
