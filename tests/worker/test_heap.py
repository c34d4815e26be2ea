"""worker.heap: what glibc itself says of its heaps."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, threading
from worker import heap
if {shared}:
    heap.share()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(8)
def allocate():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
libc.fdopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
stream = libc.fdopen(1, b"w")
libc.malloc_info(0, stream)
libc.fflush(ctypes.c_void_p(stream))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_threads_share_two_heaps() -> None:
    assert heaps(shared=False) > 2
    assert heaps(shared=True) <= 2


def heaps(*, shared: bool) -> int:
    script = SCRIPT.format(shared=shared)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.count("<heap nr=")
