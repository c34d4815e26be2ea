"""What the worker counts, for Prometheus (docs/metrics.md). Who knows that it happened counts it.

Labels come from closed sets only; no follower and no message is one.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram, values
from prometheus_client.multiprocess import mark_process_dead

from contract.metrics import is_shared
from contract.outcome import Outcome
from contract.steps import STEPS
from worker.errcodes import ERRCODES, Api
from worker.errors import AnswerError

_place = "parent"  # among the processes; whoever replaces a dead one goes on in its files
if is_shared():
    values.ValueClass = values.MultiProcessValue(lambda: _place)  # type: ignore[no-untyped-call]

_WHOLE = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 300)  # seconds
_STEP = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)  # seconds

MESSAGES = Counter("kantu_worker_messages_total", "Messages that have their outcome.", ["outcome"])
MESSAGE_SECONDS = Histogram(
    "kantu_worker_message_seconds",
    "From the webhook's receipt of a message to its outcome.",
    buckets=_WHOLE,
)
STEP_SECONDS = Histogram(
    "kantu_worker_step_seconds",
    "Steps of messages that have their outcome.",
    ["step"],
    buckets=_STEP,
)
JOBS_IN_FLIGHT = Gauge(
    "kantu_worker_jobs_in_flight", "Jobs being answered now.", multiprocess_mode="livesum"
)
FAILED_ATTEMPTS = Counter(
    "kantu_worker_failed_attempts_total", "Attempts that gave no answer, by what failed.", ["error"]
)
REFUSED_JOBS = Counter("kantu_worker_refused_jobs_total", "Jobs in the queue that are not ours.")
RETURNED_JOBS = Counter(
    "kantu_worker_returned_jobs_total", "Jobs queued again because their process had died."
)
REPLACED_PROCESSES = Counter(
    "kantu_worker_replaced_processes_total", "Processes that ended by themselves."
)
WECHAT_CALLS = Counter(
    "kantu_worker_wechat_calls_total", "Calls of WeChat's API, by its errcode.", ["api", "errcode"]
)
TOKEN_FETCHES = Counter(
    "kantu_worker_token_fetches_total", "Access tokens asked for.", ["force_refresh"]
)
MODEL_CALLS = Counter("kantu_worker_model_calls_total", "Calls of a model.", ["model", "result"])
BREAKER_OPENED = Counter(
    "kantu_worker_breaker_opened_total", "Times a model was no longer asked.", ["model"]
)
SEEN_LOOKUPS = Counter(
    "kantu_worker_seen_lookups_total", "Pictures looked up among those seen.", ["result"]
)
ANSWERS = Counter(
    "kantu_worker_answers_total", "Questions about pictures, by who answered.", ["source"]
)
ASK_SECONDS = Histogram(
    "kantu_worker_ask_seconds",
    "Calls for an answer: our model, the endpoint, moderation.",
    ["source"],
    buckets=_STEP,
)

_NO_ANSWER = "none"
_said = contextvars.ContextVar("said", default=_NO_ANSWER)  # WeChat, in the call that is going on


def enter(place: str) -> None:
    """Count in this place from now on: a process that was forked just now."""
    global _place  # noqa: PLW0603  # a process has one
    _place = place


def leave(place: str) -> None:
    """Forget what only a living process can have; its counts stay."""
    if is_shared():
        mark_process_dead(place)  # type: ignore[no-untyped-call]  # it annotates a part of itself


@contextlib.contextmanager
def attempt() -> Iterator[None]:
    """Count an attempt to answer a message."""
    with JOBS_IN_FLIGHT.track_inprogress():
        try:
            yield
        except Exception as error:
            FAILED_ATTEMPTS.labels(kind_of(error)).inc()
            raise


def kind_of(error: Exception) -> str:
    """Return what an error is counted as."""
    return type(error).__name__ if isinstance(error, AnswerError) else "unexpected"


@contextlib.contextmanager
def wechat_call(api: Api) -> Iterator[None]:
    """Count a call by what wechat_said() meanwhile: that it went well, where nothing was said."""
    before = _said.set(_NO_ANSWER)
    try:
        yield
        if _said.get() == _NO_ANSWER:
            _said.set("0")
    finally:
        WECHAT_CALLS.labels(api, _said.get()).inc()
        _said.reset(before)


def wechat_said(errcode: int) -> None:
    """Note what WeChat answered to the call that is going on."""
    _said.set(str(errcode) if errcode == 0 or errcode in ERRCODES else "other")


def count_message(outcome: Outcome, steps: dict[str, float]) -> None:
    """Count a message that has its outcome; steps: seconds of each."""
    MESSAGES.labels(outcome).inc()
    MESSAGE_SECONDS.observe(sum(steps.values()))
    for step, seconds in steps.items():
        STEP_SECONDS.labels(step).observe(seconds)


def _begin_at_zero() -> None:
    """Let rates be right from the first event on."""
    for outcome in Outcome:
        MESSAGES.labels(outcome)
    for step in STEPS.values():
        STEP_SECONDS.labels(step)
    for force in ("false", "true"):
        TOKEN_FETCHES.labels(force)
    for source in ("model", "endpoint", "withheld", "classifier", "nobody"):  # worker.answerer's
        ANSWERS.labels(source)
    for result in ("hit", "miss"):
        SEEN_LOOKUPS.labels(result)


_begin_at_zero()
