"""contract.steps"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.steps import STEPS, durations

_TIMES = st.dictionaries(st.sampled_from(sorted(STEPS)), st.integers(0, 1000))


def test_each_step_ends_with_its_note() -> None:
    noted = {"started": 2, "fetched": 5, "prepared": 6, "seen": 10, "claimed": 15, "sent": 21}
    assert durations(1, noted) == {
        "queue": 1, "fetch": 3, "prepare": 1, "model": 4, "turn": 5, "send": 6,
    }  # fmt: skip


def test_earlier_attempts_and_their_pauses_are_one_step() -> None:
    noted = {"started": 1, "retried": 9, "fetched": 10, "seen": 12, "sent": 13}
    assert durations(0, noted) == {"queue": 1, "retry": 8, "fetch": 1, "model": 2, "send": 1}


def test_reply_that_an_earlier_attempt_found_is_told_in_the_order_of_events() -> None:
    noted = {"started": 1, "fetched": 2, "seen": 4, "retried": 9, "claimed": 10, "sent": 11}
    assert list(durations(0, noted)) == ["queue", "fetch", "model", "retry", "turn", "send"]


def test_what_else_a_job_notes_is_no_step() -> None:
    assert durations(0, {"model": "demo", "outcome": "sent", "sent": 1.5}) == {"send": 1.5}


@given(_TIMES)
def test_steps_together_are_the_whole_time(noted: dict[str, int]) -> None:
    assert sum(durations(0, noted).values()) == max(noted.values(), default=0)


@given(st.floats(0, 1000), _TIMES)
def test_no_step_is_negative_though_clocks_differ(received: float, noted: dict[str, int]) -> None:
    assert min(durations(received, noted).values(), default=0) >= 0
