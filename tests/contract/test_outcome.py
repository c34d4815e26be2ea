"""contract.outcome"""

from __future__ import annotations

import concurrent.futures

import pytest
import redis

from contract.outcome import Outcome, SendClaim


def test_only_one_of_many_may_send(connection: redis.Redis) -> None:
    claim = SendClaim(connection)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: claim.take("job", claim.mark()), range(8)))
    assert taken.count(True) == 1


def test_marks_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_795_950_000.5)
    marks = {SendClaim.mark() for _ in range(100)}
    assert len(marks) == 100
    assert {int(float(mark)) for mark in marks} == {1_795_950_000}  # the age is read of it


def test_who_has_the_claim_may_ask_for_it_again(connection: redis.Redis) -> None:
    claim, mark = SendClaim(connection), SendClaim.mark()
    assert claim.take("job", mark)
    assert claim.take("job", mark)
    assert not claim.take("job", claim.mark())


def test_released_claim_can_be_taken_again(connection: redis.Redis) -> None:
    claim, mark = SendClaim(connection), SendClaim.mark()
    claim.take("job", mark)
    claim.release("job", mark)
    assert claim.take("job", claim.mark())


def test_claim_of_another_is_not_released(connection: redis.Redis) -> None:
    claim, first, second = SendClaim(connection), SendClaim.mark(), SendClaim.mark()
    claim.take("job", first)
    claim.release("job", first)
    claim.take("job", second)
    claim.release("job", first)  # once more, as where the answer was lost
    assert not claim.take("job", first)
    assert claim.take("job", second)


def test_who_comes_late_learns_how_it_ended(connection: redis.Redis) -> None:
    claim = SendClaim(connection)
    assert claim.look("job") == 0
    claim.take("job", claim.mark())
    age = claim.look("job")
    assert isinstance(age, float)
    assert 0 < age < 60
    with connection.pipeline() as pipeline:
        claim.close(pipeline, "job", Outcome.SENT)
        pipeline.execute()
    assert claim.look("job") is Outcome.SENT
    assert not claim.take("job", claim.mark())


def test_claims_of_two_jobs_are_apart(connection: redis.Redis) -> None:
    claim = SendClaim(connection)
    assert claim.take("one", claim.mark())
    assert claim.take("other", claim.mark())
