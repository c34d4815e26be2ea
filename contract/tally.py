"""What happened lately, by the minute and by the quarter of an hour: the worker counts, the admin
pages draw.

    kantu:tally:60:29882940    field -> how often, in that minute; gone after two hours
    kantu:tally:900:1992196    the same of a quarter of an hour; gone after 25 hours

Fields: outcome:sent, error:PictureExpired, model:13 (so often a stage took as long as the 13th
bucket says), waiting and oldest (the most there was). They come from closed sets, so a hash has
room for all of them; no follower and no message is in it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import redis

WHOLE = "whole"  # from the webhook to the outcome
STAGES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(  # of contract.steps
    {
        "queue": ("queue", "retry"),
        "media": ("fetch", "prepare"),
        "model": ("model",),
        "send": ("turn", "send"),
    }
)
_FIRST, _FACTOR, _LAST = 0.001, math.sqrt(2), 40  # seconds of the first bucket; 17 min of the last
_RECENT, _MOST_RECENT = "kantu:recent", 100  # ids of the last messages that came to an outcome

# Adds one to each field. KEYS: tallies. ARGV: seconds to keep each, then fields.
_COUNT = """
for at, key in ipairs(KEYS) do
    for field = #KEYS + 1, #ARGV do redis.call('HINCRBY', key, ARGV[field], 1) end
    redis.call('EXPIRE', key, ARGV[at])
end
"""
# Keeps the larger one. KEYS: tallies. ARGV: seconds to keep each, then fields and values in turn.
_RAISE = """
for at, key in ipairs(KEYS) do
    for field = #KEYS + 1, #ARGV, 2 do
        local before = tonumber(redis.call('HGET', key, ARGV[field]) or 0)
        if before < tonumber(ARGV[field + 1]) then
            redis.call('HSET', key, ARGV[field], ARGV[field + 1])
        end
    end
    redis.call('EXPIRE', key, ARGV[at])
end
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How far back to look, and how finely."""

    seconds: int  # of one tally
    number: int  # of tallies
    kept: int  # seconds


HOUR = Span(seconds=60, number=60, kept=2 * 3600)
DAY = Span(seconds=900, number=96, kept=25 * 3600)
SPANS = (HOUR, DAY)


def count_message(
    pipeline: redis.Redis, job_id: str, outcome: str, steps: Mapping[str, float], now: float
) -> None:
    """Have a pipeline count a message that has its outcome; steps: seconds of each."""
    whole = bucket(sum(steps.values()))
    _count(pipeline, [f"outcome:{outcome}", f"{WHOLE}:{whole}", *_stages(steps)], now)
    pipeline.lpush(_RECENT, job_id)
    pipeline.ltrim(_RECENT, 0, _MOST_RECENT - 1)


def _stages(steps: Mapping[str, float]) -> Iterator[str]:
    for stage, parts in STAGES.items():
        if taken := [steps[each] for each in parts if each in steps]:
            yield f"{stage}:{bucket(sum(taken))}"


def count_error(connection: redis.Redis, kind: str, now: float) -> None:
    """Count an attempt that gave no answer, or a picture that cannot be answered."""
    _count(connection, [f"error:{kind}"], now)


def note_queue(connection: redis.Redis, waiting: int, oldest: float, now: float) -> None:
    """Keep the most that has waited within a minute; oldest: seconds."""
    values = ("waiting", waiting, "oldest", math.ceil(oldest))
    keys, kept = _keys(now)
    connection.eval(_RAISE, len(keys), *keys, *kept, *values)


def _count(connection: redis.Redis, fields: Sequence[str], now: float) -> None:
    keys, kept = _keys(now)
    # Not by a script that is loaded first: to see to that costs a trip of its own.
    connection.eval(_COUNT, len(keys), *keys, *kept, *fields)


def _keys(now: float) -> tuple[list[str], list[int]]:
    return [_key(span, int(now // span.seconds)) for span in SPANS], [each.kept for each in SPANS]


def _key(span: Span, number: int) -> str:
    return f"kantu:tally:{span.seconds}:{number}"


def bucket(seconds: float) -> int:
    """Return the number of the bucket: the first whose edge() is not less."""
    if seconds <= _FIRST:
        return 0
    return min(_LAST, math.ceil(math.log(seconds / _FIRST, _FACTOR) - 1e-9))


def edge(number: int) -> float:
    """Return the seconds up to which a bucket goes."""
    return float(_FIRST * _FACTOR**number)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted in one minute, or in one quarter."""

    began: float  # seconds since 1970
    counts: Mapping[str, int]  # by field

    def of(self, family: str) -> dict[str, int]:
        """Return a family's counts, such as outcome's by outcome."""
        start = f"{family}:"
        return {
            field.removeprefix(start): number
            for field, number in self.counts.items()
            if field.startswith(start)
        }


def together(tallies: Iterable[Tally], family: str) -> dict[str, int]:
    """Return a family's counts of all."""
    total = dict[str, int]()
    for tally in tallies:
        for name, number in tally.of(family).items():
            total[name] = total.get(name, 0) + number
    return total


def percentile(buckets: Mapping[str, int], share: float) -> float | None:
    """Return the seconds within which that share (0..1) of messages were done; None for none.

    A bucket is 1.4 times as wide as the one before: right to a few percent where times are spread,
    and never more than two fifths too high, or three tenths too low.
    """
    wanted = share * sum(buckets.values())
    seen = 0
    for number, count in sorted((int(name), count) for name, count in buckets.items()):
        if seen + count >= wanted and count:
            low = edge(number - 1) if number else 0.0
            return low + (edge(number) - low) * (wanted - seen) / count
        seen += count
    return None


class History:
    """Reads tallies; what is over does not change, and is asked for once by each process."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._over: dict[Span, Mapping[int, Mapping[str, int]]] = {span: {} for span in SPANS}

    def read(self, span: Span, now: float) -> list[Tally]:
        """Return the tallies of a span, the oldest first; one trip. Raises redis.RedisError."""
        last, over = int(now // span.seconds), self._over[span]
        numbers = range(last - span.number + 1, last + 1)
        asked = [number for number in numbers if number not in over]
        with self._redis.pipeline(transaction=False) as pipeline:
            for number in asked:
                pipeline.hgetall(_key(span, number))
            answers: list[Any] = pipeline.execute()
        found = {**over, **dict(zip(asked, map(_numbers, answers), strict=True))}
        # Another host's clock may be behind ours: the one before the last may still grow.
        self._over[span] = {number: found[number] for number in numbers if number < last - 1}
        return [Tally(began=number * span.seconds, counts=found[number]) for number in numbers]


def _numbers(found: Mapping[bytes, bytes]) -> dict[str, int]:
    return {field.decode(): int(number) for field, number in found.items()}


def recent(connection: redis.Redis, most: int) -> list[str]:
    """Return the ids of the last messages that came to an outcome, the latest first."""
    found: Any = connection.lrange(_RECENT, 0, most - 1)
    return [each.decode() for each in found]
