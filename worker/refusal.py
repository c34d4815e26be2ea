"""Which jobs are ours. Whoever can write to Redis could have RQ call any function that can be
imported, and send requests to any address; so everything that our own jobs do not use is refused.
"""

from __future__ import annotations

from rq.exceptions import DeserializationError
from rq.job import Job

from contract.job import ANSWER
from worker import metrics


def refusal(job: Job) -> str | None:
    """Return why this job must not be run, or None for one of ours."""
    reason = _reason(job)
    if reason:
        metrics.REFUSED_JOBS.inc()
    return reason


def _reason(job: Job) -> str | None:
    try:
        function, instance, positional = job.func_name, job.instance, job.args
    except DeserializationError:
        return "its call is not JSON"
    if function != ANSWER:
        return f"it calls {function!r}; only {ANSWER} may be called"
    stored = job.to_dict(include_meta=False, include_result=False)
    foreign = {
        "a method": instance,
        "positional arguments": positional,
        "callbacks": any(stored.get(f"{each}_callback_name") for each in _CALLBACKS),
        "webhooks": job.webhooks,
        "repeats": job.repeats_left,
        "dependencies": stored.get("dependency_id"),
        "a group": job.group_id,
        "a rate limit": job.has_rate_limit,
    }
    found = [name for name, value in foreign.items() if value]
    return f"it has {', '.join(found)}; ours have not" if found else None


_CALLBACKS = ("success", "failure", "stopped")
