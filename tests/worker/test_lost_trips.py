"""A trip to Redis of which the worker hears nothing costs no follower the answer, whichever."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from PIL import Image

from contract.outcome import Outcome
from tests.conftest import encode, make_settings
from tests.worker.stage import Time
from tests.worker.world import World

OPENID = "oALICE000000000000000000000"


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
@pytest.mark.parametrize("wechat", ["well", "busy"])
def test_trip_of_which_nothing_is_heard_leaves_no_doubt(
    wechat: str, done: bool, redis_url: str, stage_time: Time
) -> None:
    settings = make_settings(redis_url=redis_url, vqa_model="answerer", worker_threads=1)
    picture = encode(Image.new("RGB", (32, 32), "red"))
    for trip in itertools.count():
        with contextlib.closing(World(settings, stage_time, picture)) as world:
            world.script.wechat = wechat
            job = world.write(OPENID, question=False)
            world.deliver(job).finish()
            acting = world.processes[0].begin("job")
            acting.step(1 + trip)
            if acting.done:
                break
            if not acting.at:
                acting.fail_trip(done=done)
            world.heal()
            found = world.outcomes[job], len(world.pushed), dict(world.shown)
            assert found == (Outcome.SENT, 1, {}), trip
    assert trip > 20
