"""Ours, the whole program with another job: `python -m bench.worker.competitor.kantu`.

It runs in the product's own virtual environment, with the product's settings.
"""

from __future__ import annotations

import functools
import sys
import types

import redis
from rq import Queue

import bench.worker.job
from bench.worker.competitor import redis_url
from contract.job import ANSWER, DEADLINE, FAILURE_TTL, picture_queue

_RESULT_TTL = 3600  # seconds, the product's


@functools.cache
def _queue() -> Queue:
    return picture_queue(redis.Redis.from_url(redis_url()))


def send(sent: int, pause: float) -> None:
    """Queue one job."""
    _queue().enqueue_call(
        ANSWER, kwargs={"sent": sent, "pause": pause}, description="bench", timeout=DEADLINE,
        result_ttl=_RESULT_TTL, failure_ttl=FAILURE_TTL,
    )  # fmt: skip


def answer(sent: int, pause: float) -> None:
    """Run the benchmark's job, with all in memory that our own needs."""
    import worker.delivery
    import worker.picture  # noqa: F401  # Pillow

    bench.worker.job.run(sent, pause)


def main() -> int:
    """Work until told to stop."""
    import worker.__main__

    stand_in = types.ModuleType("worker.job")
    vars(stand_in)["answer"] = answer
    sys.modules["worker.job"] = stand_in  # our worker runs nothing that has another name
    return worker.__main__.run()


if __name__ == "__main__":
    sys.exit(main())
