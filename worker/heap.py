"""Keeps memory that threads have given back where other threads find it.

glibc gives each thread a heap of its own, eight for each core at most. A photograph takes tens of
megabytes for a moment; what is freed in one heap is of no use to the others, and stays with us.
"""

from __future__ import annotations

import contextlib
import ctypes

_M_ARENA_MAX = -8  # mallopt(3)
_HEAPS = 2


def share() -> None:
    """Have threads that start from now on share two heaps, where this is glibc."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)
