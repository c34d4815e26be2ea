"""simulator.ledger: each message is counted once, by what became of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from labels import phrase
from simulator.ledger import LOST_AFTER, Ledger
from simulator.transcript import Transcript

ANN, BEN = "o" + "A" * 27, "o" + "B" * 27
NOTHING = dict.fromkeys(
    ("accepted", "answered", "apologised", "kept", "dropped", "waiting", "lost", "doubled"), 0
)


class Books:
    """A transcript, what the product noted about its messages, and the ledger of both."""

    def __init__(self) -> None:
        self.transcript = Transcript()
        self.jobs = dict[str, dict[str, Any]]()
        self.now = time.time()
        trace = lambda _follower, message, _created: self.jobs.get(message, {})  # noqa: E731
        self.ledger = Ledger(self.transcript, trace, lambda: self.now)

    def push(self, message: str, follower: str = ANN) -> int:
        facts = {"message": message, "created": 1, "follower": follower}
        return self.transcript.add("push", 1, **facts)

    def answer(self, text: str, push: int | None = None, follower: str = ANN) -> None:
        way = {"way": "push"} if push is None else {"way": "passive", "push": push}
        self.transcript.add("answer", 1, follower=follower, text=text, **way)

    def end(self, message: str, outcome: str, text: str = "words") -> None:
        self.jobs[message] = {"job": "j", "outcome": outcome, "reply": {"text": text}}

    def count(self) -> dict[str, int]:
        """Return what is not nothing."""
        return {name: number for name, number in self.ledger.count().items() if number}


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_counted_before_anything_happened(books: Books) -> None:
    books.push("")  # an event has no MsgId, and needs no answer
    assert books.ledger.count() == NOTHING


def test_message_waits_and_is_answered(books: Books) -> None:
    books.push("1")
    books.jobs["1"] = {"job": "j"}
    assert books.count() == {"accepted": 1, "waiting": 1}
    books.answer("a 3")
    books.end("1", "sent")
    assert books.count() == {"accepted": 1, "answered": 1}


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [("apologised", "apologised"), ("parked", "kept"), ("unknown", "kept"), ("dropped", "dropped")],
)
def test_every_outcome_is_counted(books: Books, outcome: str, counted: str) -> None:
    books.push("1")
    books.end("1", outcome)
    assert books.count() == {"accepted": 1, counted: 1}


def test_end_that_no_phone_shows_is_noted_once(books: Books) -> None:
    number = books.push("1")
    books.end("1", "parked")
    books.count()
    books.count()
    ends = [each for each in books.transcript.since(0) if each["kind"] == "end"]
    assert [(each["push"], each["outcome"]) for each in ends] == [(number, "parked")]


def test_answer_that_was_kept_is_answered_once_it_heads_a_reply(books: Books) -> None:
    books.push("1")
    books.end("1", "parked", "a 3")
    assert books.count() == {"accepted": 1, "kept": 1}
    books.answer("a 3\n\nhello", books.push("2"))
    assert books.count() == {"accepted": 2, "answered": 2}


def test_apology_that_was_kept_without_a_reply_is_found_in_the_next_one(books: Books) -> None:
    books.push("1")
    books.jobs["1"] = {"job": "j", "outcome": "parked", "reply": {}}
    assert books.count() == {"accepted": 1, "kept": 1}
    books.answer(f"{phrase('en', 'apology')}\n\nhello", books.push("2"))
    assert books.count() == {"accepted": 2, "answered": 2}


def test_answer_within_the_request_is_an_answer(books: Books) -> None:
    books.answer("a 3", books.push("1"))
    books.end("1", "parked")
    assert books.count() == {"accepted": 1, "answered": 1}


def test_excuse_is_no_answer(books: Books) -> None:
    books.answer(phrase("zh", "busy"), books.push("1"))
    assert books.count() == {"accepted": 1, "apologised": 1}


def test_outage_notice_is_counted(books: Books) -> None:
    books.transcript.add("outage", 1, follower=ANN, push=books.push("1"), text="outage")
    assert books.count() == {"accepted": 1, "apologised": 1}


def test_message_beyond_the_limit_is_dropped_not_lost(books: Books) -> None:
    books.answer(phrase("en", "too_many_a_minute"), books.push("1"))
    number = books.push("2")
    books.transcript.add("delivery", 1, push=number, status=200, silent=True)
    assert books.count() == {"accepted": 2, "answered": 1, "dropped": 1}


def test_message_of_which_there_is_no_sign_is_lost_in_the_end(books: Books) -> None:
    books.push("1")
    books.now += LOST_AFTER + 1
    assert books.count() == {"accepted": 1, "lost": 1}


def test_second_answer_to_one_message_is_seen(books: Books) -> None:
    books.push("1")
    books.push("2", BEN)
    books.end("1", "sent")
    books.end("2", "sent")
    books.answer("a 3")
    books.answer("a 3")
    books.answer("a 3", follower=BEN)
    assert books.count() == {"accepted": 2, "answered": 2, "doubled": 1}
