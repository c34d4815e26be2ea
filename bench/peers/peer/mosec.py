"""mosec: an HTTP server in Rust in front of Python processes, for each model its own."""

from __future__ import annotations

import os

from mosec import Runtime, Server, Worker  # type: ignore[import-not-found]  # in .venv/peer-mosec

from bench.peers.peer import model

_NAME = "BENCH_NAME"  # the variable: which model a process has


class Served(Worker):  # type: ignore[misc]  # mosec is not there when types are checked
    """One copy of one model."""

    def __init__(self) -> None:
        self._run = model.load(os.environ[_NAME])

    def forward(self, data: list[model.Request]) -> list[model.Answer]:
        """Answer a batch."""
        return self._run(data)


def _runtime(name: str) -> Runtime:
    return Runtime(
        Served,
        num=model.copies(),
        max_batch_size=model.BATCH,
        timeout=model.PATIENCE,
        env=[{_NAME: name}] * model.copies(),
    )


if __name__ == "__main__":  # --port, --timeout and --wait are mosec's own
    server = Server()
    server.register_runtime({f"/{name}": [_runtime(name)] for name in model.models()})
    server.run()
