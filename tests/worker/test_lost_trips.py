"""A trip to Redis of which the worker hears nothing costs no follower the answer, whichever."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from contract.outcome import Outcome
from tests.conftest import encode, make_settings
from tests.worker.stage import Time
from tests.worker.world import World

OPENID = "oALICE000000000000000000000"
READ = {Outcome.SENT: 1, Outcome.DROPPED: 0, Outcome.PARKED: 1, Outcome.UNKNOWN: 1}


@pytest.fixture
def open_world(redis_url: str, stage_time: Time) -> Callable[[], World]:
    settings = make_settings(redis_url=redis_url, vqa_model="answerer", worker_threads=1)
    return functools.partial(World, settings, stage_time, encode(Image.new("RGB", (32, 32), "red")))


def endings(
    open_world: Callable[[], World], wechat: str, *, done: bool
) -> Iterator[tuple[Outcome, int]]:
    """Give how a message ended, and how many answers were read, for each trip that is lost."""
    for steps in itertools.count(1):
        with contextlib.closing(open_world()) as world:
            world.script.wechat = wechat
            job = world.write(OPENID, question=False)
            world.deliver(job).finish()
            acting = world.processes[0].begin("job")
            acting.step(steps)
            if acting.done:
                return
            if not acting.at:
                acting.fail_trip(done=done)
            acting.finish()
            world.heal()
            read = len(world.pushed) + sum(map(len, world.shown.values()))
            yield Outcome(world.outcomes[job]), read


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
@pytest.mark.parametrize(
    ("wechat", "doubts"),
    # What is put into the mailbox is not put there again: its follower may have read it.
    [("well", 0), ("busy", 0), ("refuses", 0), ("parks", 1), ("closed", 1)],
)
def test_trip_of_which_nothing_is_heard_leaves_no_doubt(
    open_world: Callable[[], World], wechat: str, doubts: int, done: bool
) -> None:
    found = list(endings(open_world, wechat, done=done))
    assert len(found) > 20
    assert [each for each in found if each[1] != READ[each[0]]] == []
    assert [outcome for outcome, _ in found].count(Outcome.UNKNOWN) == doubts
