"""What a person must be told of, out of how everything is (contract.health): one name, one text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.health import Health, ModelState, PausedApi, QueueState, RedisState

_OF_ERRCODE = {  # what WeChat refuses otherwise, and a person must see to, is the token
    40164: "address_not_listed",
    45009: "quota_used_up",
    48001: "not_permitted",
    89503: "address_not_listed",
}

Alert = tuple[str, str]  # its name, and what to say


def alerts(health: Health) -> Iterator[Alert]:
    """Give every condition that holds."""
    yield from _of_pauses(health.pauses)
    yield from _of_models(health.models, health.taken)
    yield from _of_redis(health.redis)
    yield from _of_queue(health.queue)


def _of_pauses(pauses: Iterable[PausedApi]) -> Iterator[Alert]:
    for pause in pauses:
        if pause.remedy:  # else it ends by itself
            kind = _OF_ERRCODE.get(pause.errcode, "token_refused")
            yield _alert(f"{kind}:{pause.api}", f"WeChat refuses: {pause.why}", pause.remedy)


def _of_models(models: Iterable[ModelState], now: float) -> Iterator[Alert]:
    for model in models:
        if not model.is_gone(now):
            continue
        why = "it does not answer" if model.breaker_open else model.found
        yield _alert(
            f"model_gone:{model.name}",
            f"The model {model.name} cannot be used: {why}",
            "see whether the server that runs it is up and serves it",
        )


def _of_redis(redis: RedisState) -> Iterator[Alert]:
    if redis.nearly_full:
        yield _alert(
            "redis_nearly_full",
            f"Redis uses {redis.share:.0%} of its {redis.limit / 2**20:.0f} MB; when it is full, "
            "no message is taken in",
            "raise maxmemory, or find what fills it",
        )
    if redis.evicts:
        yield _alert(
            "redis_evicts",
            f"Redis' maxmemory-policy is {redis.policy}: when it is full, it drops messages",
            "set it to noeviction",
        )


def _of_queue(queue: QueueState) -> Iterator[Alert]:
    if queue.backed_up:
        yield _alert(
            "queue_backed_up",
            f"A message has been in the queue for {queue.oldest:.0f} s; {queue.waiting} wait, "
            f"{queue.running} are worked on",
            "see whether workers run and the model server keeps up, or give them more threads",
        )


def _alert(name: str, found: str, remedy: str) -> Alert:
    return name, f"{found}. What to do: {remedy}."
