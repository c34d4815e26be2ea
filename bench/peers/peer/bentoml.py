"""BentoML: `bentoml serve bench.peers.peer.bentoml:Served`.

It finds out by itself how long to wait.
"""

from __future__ import annotations

import bentoml  # type: ignore[import-not-found]  # in .venv/peer-bentoml

from bench.peers.peer import model

_batched = bentoml.api(
    batchable=True, max_batch_size=model.BATCH, max_latency_ms=1000 * model.PATIENCE
)


@bentoml.service(
    workers=model.copies(),
    traffic={"timeout": model.PATIENCE},
    logging={"access": {"enabled": False}},  # the others do not write each request down either
)
class Served:
    """The models, all in each process. It reads types, so that none may be of another name."""

    def __init__(self) -> None:
        for name in model.models():
            model.load(name)

    @_batched  # type: ignore[untyped-decorator]  # not there when types are checked
    def demo(self, requests: list[dict]) -> list[dict]:  # type: ignore[type-arg]  # pydantic checks what is said
        """Answer a batch."""
        return model.load("demo")(requests)

    @_batched  # type: ignore[untyped-decorator]  # not there when types are checked
    def resnet50(self, requests: list[dict]) -> list[dict]:  # type: ignore[type-arg]  # as above
        """Answer a batch."""
        return model.load("resnet50")(requests)

    @_batched  # type: ignore[untyped-decorator]  # not there when types are checked
    def vqa(self, requests: list[dict]) -> list[dict]:  # type: ignore[type-arg]  # as above
        """Answer a batch."""
        return model.load("vqa")(requests)
