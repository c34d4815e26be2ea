"""What the overview shows: read from Redis in a few trips, whatever the number of jobs there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import redis

from app.admin import chart, messages
from app.admin.chart import Chart, Series
from app.admin.diagnosis import REDIS_AWAY, REDIS_FULL, Finding, diagnose
from app.feedback import Feedback
from contract import health, tally
from contract.health import Health
from contract.quota import pushed_today
from contract.settings import Settings
from contract.tally import DAY, HOUR, Span, Tally

SPANS = {"hour": HOUR, "day": DAY}
_SHARES = (0.5, 0.95, 0.99)
_RECENT = 10  # messages
_CLASSES = 12  # with the most verdicts
OUTCOMES = ("sent", "apologised", "parked", "dropped", "unknown")  # bottom to top
_NO_ANSWER = ("parked", "dropped", "unknown")  # apologies are told by their errors


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How everything is."""

    findings: Sequence[Finding]  # what is not well, the worst first
    health: Health | None  # None: the worker tells nothing
    pushed: int  # messages today
    recent: Sequence[messages.Line]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How long one part of the way took."""

    name: str
    seconds: Sequence[float | None]  # within which 50, 95 and 99 of 100 messages were done


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What followers think of one class of answers."""

    model: str
    label: str
    right: int
    wrong: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """How it has been."""

    rate: Chart  # messages a minute, by outcome
    times: Chart  # seconds from the webhook to the answer: p50, p95, p99
    waiting: Chart
    oldest: Chart
    stages: Sequence[Stage]
    failures: Sequence[tuple[str, int]]  # by kind, the most frequent first
    verdicts: Sequence[Verdicts]
    messages: int


class Overview:
    """Reads it; charts() raises redis.RedisError, now() tells of it."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        self._redis = connection
        self._history = tally.History(connection)
        self._feedback = Feedback(connection)
        models = (settings.classifier_model, settings.vqa_model, settings.vqa_endpoint_model)
        self._models = [each for each in models if each]

    def now(self) -> Now:
        """Return how everything is, also where Redis is away: then that is what it says."""
        try:
            found = health.read(self._redis)
            recent = messages.lines(self._redis, tally.recent(self._redis, _RECENT))
            pushed = pushed_today(self._redis)
        except redis.ResponseError:
            return Now(findings=[REDIS_FULL], health=None, pushed=0, recent=())
        except redis.RedisError:
            return Now(findings=[REDIS_AWAY], health=None, pushed=0, recent=())
        return Now(findings=diagnose(found), health=found, pushed=pushed, recent=recent)

    def charts(self, span: Span, now: float) -> Charts:
        """Return how it has been, until now."""
        tallies = self._history.read(span, now)
        began = [each.began for each in tallies]
        buckets = [each.of(tally.WHOLE) for each in tallies]
        times = [
            Series(name=name, values=[tally.percentile(each, share) for each in buckets])
            for name, share in zip(("p50", "p95", "p99"), _SHARES, strict=True)
        ]
        return Charts(
            rate=chart.bars(began, _rates(tallies, span), 5),
            times=chart.lines(began, times, 0.5),
            waiting=chart.lines(began, [_most(tallies, "waiting")], 5),
            oldest=chart.lines(began, [_most(tallies, "oldest")], 5),
            stages=[_stage(name, tallies) for name in (*tally.STAGES, tally.WHOLE)],
            failures=_failures(tallies),
            verdicts=self._verdicts(),
            messages=sum(tally.together(tallies, "outcome").values()),
        )

    def _verdicts(self) -> list[Verdicts]:
        found = [
            Verdicts(model=model, label=label, right=right, wrong=wrong)
            for model in self._models
            for label, (right, wrong) in self._feedback.read(model).items()
        ]
        return sorted(found, key=lambda each: -each.right - each.wrong)[:_CLASSES]


def _rates(tallies: Sequence[Tally], span: Span) -> list[Series]:
    minutes = span.seconds / 60
    counts = [each.of("outcome") for each in tallies]
    return [
        Series(name=outcome, values=[each.get(outcome, 0) / minutes for each in counts])
        for outcome in OUTCOMES
    ]


def _most(tallies: Sequence[Tally], what: str) -> Series:
    return Series(name=what, values=[each.counts.get(what) for each in tallies])


def _stage(name: str, tallies: Sequence[Tally]) -> Stage:
    buckets = tally.together(tallies, name)
    return Stage(name=name, seconds=[tally.percentile(buckets, share) for share in _SHARES])


def _failures(tallies: Sequence[Tally]) -> list[tuple[str, int]]:
    outcomes = tally.together(tallies, "outcome")
    ended = {each: outcomes[each] for each in _NO_ANSWER if each in outcomes}
    found = {**tally.together(tallies, "error"), **ended}
    return sorted(found.items(), key=lambda each: -each[1])
