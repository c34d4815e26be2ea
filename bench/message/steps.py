"""How long each step of the messages took, by what their jobs have noted."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import redis
from rq.job import Job

from contract.job import ImageJob, picture_queue
from contract.steps import durations

# Media, the model and WeChat, as contract.tally has it; the rest is bookkeeping, and ours.
OTHERS = ("fetch", "prepare", "model", "send")


def of(client: redis.Redis, messages: Sequence[Mapping[str, str]]) -> list[dict[str, float]]:
    """Return the milliseconds of each step of each message, ours together and the whole."""
    ids = [_id(message) for message in messages]
    jobs = Job.fetch_many(ids, client, serializer=picture_queue(client).serializer)
    return [_steps(job) for job in jobs if job is not None]


def _id(message: Mapping[str, str]) -> str:
    return ImageJob(
        follower=message["FromUserName"], message_id=message["MsgId"],
        created=int(message["CreateTime"]), received=0, language="zh",
    ).id  # fmt: skip


def _steps(job: Job) -> dict[str, float]:
    taken = durations(float(job.kwargs["received"]), job.meta)
    ours = sum(seconds for step, seconds in taken.items() if step not in OTHERS)
    whole = {"ours": ours, "whole": sum(taken.values())}
    return {step: 1000 * seconds for step, seconds in (taken | whole).items()}


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return p50, p95 and p99."""
    hundredths = statistics.quantiles(values, n=100, method="inclusive")
    return hundredths[49], hundredths[94], hundredths[98]
