"""LitServe: FastAPI in front of Python processes, for each model its own. `… litserve PORT`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import litserve  # type: ignore[import-not-found]  # in .venv/peer-litserve

from bench.peers.peer import model

_WAIT = 0.001  # seconds; with 0, as the others have, its processes never sleep


class Served(litserve.LitAPI):  # type: ignore[misc]  # not there when types are checked
    """One model."""

    def __init__(self, name: str) -> None:
        super().__init__(max_batch_size=model.BATCH, batch_timeout=_WAIT, api_path=f"/{name}")
        self._name = name

    def setup(self, _: str) -> None:
        """Load it, in each process that is to compute."""
        self._run = model.load(self._name)

    def predict(self, x: Sequence[model.Request]) -> list[model.Answer]:
        """Answer a batch."""
        return self._run(x)


if __name__ == "__main__":
    server = litserve.LitServer(
        [Served(name) for name in model.models()],
        accelerator="cpu",
        fast_queue=True,  # as its documentation says for hundreds of requests a second
        workers_per_device=model.copies(),
        timeout=model.PATIENCE,
    )
    server.run("127.0.0.1", int(sys.argv[1]), log_level="warning", generate_client_file=False)
