"""simulator.story: what became of a message, on one line of time."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import WrongField
from simulator.story import tell
from simulator.transcript import Transcript

ANN, BEN = "o" + "A" * 27, "o" + "B" * 27
DETAIL = {"mode": "safe", "query": "signature=abc…", "body": "<xml>", "reply": "success"}


def no_job(_follower: str, _message: str, _created: int) -> dict[str, Any]:
    return {}


def job(_follower: str, _message: str, _created: int) -> dict[str, Any]:
    steps = [("queue", 0.01), ("fetch", 0.02), ("send", 0.03)]
    return {"job": "j", "received": 100.005, "steps": steps, "outcome": "sent", "reply": {}}


@pytest.fixture
def transcript() -> Transcript:
    transcript = Transcript()
    push(transcript, ANN)
    return transcript


def push(transcript: Transcript, follower: str, message: str = "1") -> int:
    facts = {"message": message, "created": 100, "type": "image", "text": "", "picture": "m"}
    return transcript.add("push", 100, follower=follower, **facts)


def deliver(transcript: Transcript, began: float, **facts: Any) -> None:
    facts = {"push": 0, "attempt": 1, "status": 200, "ms": 5.0, **DETAIL, **facts}
    transcript.add("delivery", 100, follower=ANN, message="1", began=began, **facts)


def call(transcript: Transcript, api: str, began: float, **facts: Any) -> None:
    facts = {"follower": ANN, "media_id": "", "errcode": 0, "errmsg": "", "body": "", **facts}
    transcript.add("call", 100, api=api, method="POST", began=began, ms=1.0, **facts)


def names(story: dict[str, Any]) -> list[str]:
    return [span["detail"].get("api", span["name"]) for span in story["spans"]]


def test_parts_stand_in_their_order_from_the_first_delivery_on(transcript: Transcript) -> None:
    call(transcript, "media/get", 100.02, follower="", media_id="m")
    call(transcript, "message/custom/send", 100.04)
    deliver(transcript, 100.0)
    story = tell(transcript, job, 0)
    expected = ["delivery", "queue", "fetch", "media/get", "send", "message/custom/send"]
    assert names(story) == expected
    assert story["spans"][0]["begin"] == 0
    assert story["total"] == pytest.approx(0.065)


def test_copies_and_tries_are_numbered(transcript: Transcript) -> None:
    deliver(transcript, 100.001, ms=9.0)
    deliver(transcript, 100.000)
    deliver(transcript, 105.0, attempt=2)
    details = [span["detail"] for span in tell(transcript, no_job, 0)["spans"]]
    assert [(each["attempt"], each["copy"]) for each in details] == [(1, 1), (1, 2), (2, 1)]


def test_calls_for_others_are_not_told(transcript: Transcript) -> None:
    deliver(transcript, 100.0)
    call(transcript, "message/custom/send", 100.04, follower=BEN)
    call(transcript, "message/custom/send", 100.02)  # before its turn: another one of hers
    call(transcript, "media/get", 100.02, follower="", media_id="other")
    assert "call" not in {span["name"] for span in tell(transcript, job, 0)["spans"]}


def test_token_fetched_meanwhile_is_told(transcript: Transcript) -> None:
    deliver(transcript, 100.0)
    call(transcript, "stable_token", 100.02, follower="")
    call(transcript, "stable_token", 200.0, follower="")
    assert names(tell(transcript, job, 0)).count("stable_token") == 1


def test_message_without_a_job_has_its_passive_answer(transcript: Transcript) -> None:
    deliver(transcript, 100.0)
    transcript.add("answer", 100, follower=ANN, push=0, text="hi", way="passive")
    story = tell(transcript, no_job, 0)
    assert (names(story), story["answers"], story["outage"]) == (["delivery"], ["hi"], False)


def test_nothing_is_told_before_anything_happened(transcript: Transcript) -> None:
    story = tell(transcript, no_job, 0)
    assert (story["spans"], story["total"]) == ([], 0)


@pytest.mark.parametrize("number", [-1, 1, 99, 10**30])
def test_story_of_no_push_is_refused(transcript: Transcript, number: int) -> None:
    deliver(transcript, 100.0)
    with pytest.raises(WrongField, match="is no push"):
        tell(transcript, no_job, number)
