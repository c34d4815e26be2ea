"""contract.outcome"""

from __future__ import annotations

import concurrent.futures

import redis

from contract.outcome import SendClaim


def test_only_one_of_many_may_send(connection: redis.Redis) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: SendClaim(connection).take("job"), range(8)))
    assert taken.count(True) == 1


def test_released_claim_can_be_taken_again(connection: redis.Redis) -> None:
    claim = SendClaim(connection)
    claim.take("job")
    claim.release("job")
    assert claim.take("job")


def test_claims_of_two_jobs_are_apart(connection: redis.Redis) -> None:
    claim = SendClaim(connection)
    assert claim.take("one")
    assert claim.take("other")
