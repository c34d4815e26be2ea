"""`python -m tests.chaos.near PORT`: the worker, to which every PicUrl leads to this machine.

Its guard takes public addresses only, and a test has none; everything before that is as always.
"""

from __future__ import annotations

import runpy
import socket
import sys

import worker.download


def main(here: int) -> None:
    """Work until told to stop."""
    worker.download.connect_publicly = lambda host, port: socket.create_connection(  # noqa: ARG005
        ("127.0.0.1", here), timeout=3
    )
    sys.argv[1:] = []
    runpy.run_module("worker", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
