"""Whatever happens in whatever order, each accepted message is answered at most once and in turn,
and comes to exactly one outcome.

Hypothesis writes the plays: messages, duplicates, deaths between any two steps, trips to Redis of
which nobody hears again, moods of WeChat and the model, time. `make chaos` has hundreds of them.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from
from PIL import Image

from contract.outcome import Outcome
from contract.settings import Settings
from labels import phrase
from tests.conftest import encode, make_settings
from tests.worker.process import Process
from tests.worker.script import MODEL, SEND, SENT, WECHAT
from tests.worker.stage import Time
from tests.worker.world import World

FOLLOWERS = ("oALICE000000000000000000000", "oBELLE000000000000000000000")
MARK = phrase("zh", "perhaps_repeated", answer="")
TEN_MINUTES = 610  # seconds; until a repeat that nobody has withdrawn is forgotten
KINDS = sampled_from(["job", "job", "upkeep"])
processes = integers(0, 1)


class Play(RuleBasedStateMachine):
    """One play; a subclass knows the stage."""

    settings_of_all: Settings
    clock: Time
    picture: bytes

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.settings_of_all, self.clock, self.picture)
        self.last = ""  # the job of the message that was written last

    def process(self, number: int) -> Process:
        return self.world.processes[number]

    @initialize(questions=booleans())
    def two_messages(self, questions: bool) -> None:
        self.write(FOLLOWERS[0], question=False)
        self.write(FOLLOWERS[0], question=questions)

    @rule(openid=sampled_from(FOLLOWERS), question=booleans())
    def write(self, openid: str, question: bool) -> None:
        self.last = self.world.write(openid, question=question)
        self.world.deliver(self.last).finish()

    @rule(openid=sampled_from(FOLLOWERS), steps=integers(1, 4))
    def write_and_webhook_dies(self, openid: str, steps: int) -> None:
        self.last = self.world.write(openid, question=False)
        delivery = self.world.deliver(self.last)
        delivery.step(steps)
        delivery.kill()
        self.world.deliver(self.last).finish()

    @precondition(lambda self: self.last)
    @rule(steps=integers(1, 9))
    def last_message_comes_again(self, steps: int) -> None:
        if self.world.may_repeat(self.last):
            delivery = self.world.deliver(self.last)
            delivery.step(steps)
            delivery.kill()  # if it has not ended by now

    @rule(openid=sampled_from(FOLLOWERS))
    def leave(self, openid: str) -> None:
        self.world.leave(openid)

    @rule(number=processes, kind=KINDS, steps=integers(1, 12))
    def go_on(self, number: int, kind: str, steps: int) -> None:
        self.process(number).begin(kind).step(steps)

    @rule(number=processes, kind=KINDS, at=sampled_from([SEND, SENT]))
    def go_on_to_a_send(self, number: int, kind: str, at: str) -> None:
        self.process(number).begin(kind).go_to(at)

    @rule(number=processes, kind=KINDS)
    def finish(self, number: int, kind: str) -> None:
        self.process(number).begin(kind).finish()

    @rule(number=processes, seen=booleans())
    def die(self, number: int, seen: bool) -> None:
        self.world.kill(self.process(number), seen=seen)

    @rule(number=processes, kind=KINDS, done=booleans(), trips=integers(1, 6))
    def hear_nothing_of_redis(self, number: int, kind: str, done: bool, trips: int) -> None:
        acting = self.process(number).begin(kind)
        acting.step()
        for _ in range(trips):
            if not acting.done and not acting.at:
                acting.fail_trip(done=done)
        self.world.doubt([self.process(number)])

    @rule(number=processes)
    def fall_silent_or_speak_again(self, number: int) -> None:
        self.process(number).silent = not self.process(number).silent

    @rule(mood=sampled_from(WECHAT))
    def wechat(self, mood: str) -> None:
        self.world.script.wechat = mood

    @rule(mood=sampled_from(MODEL))
    def model(self, mood: str) -> None:
        self.world.script.model = mood

    @rule(seconds=sampled_from([1, 4, 9, 13, 21, 31, 130, 3700]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.world.look_on()
        assert self.world.wrong == []

    def teardown(self) -> None:
        world = self.world
        try:
            world.heal()
            assert world.wrong == []
            assert [job for job in world.messages if not world.is_settled(job)] == []
            assert set(world.outcomes.values()) <= set(Outcome)
            unknown = {job for job, found in world.outcomes.items() if found == Outcome.UNKNOWN}
            assert unknown <= world.doubtful
            assert_read_at_most_once(world)
            world.pass_time(TEN_MINUTES)
            assert [key for openid in world.script.gone for key in world.about(openid)] == []
        finally:
            world.close()


def assert_read_at_most_once(world: World) -> None:
    """Judge by what followers read; an answer marked as perhaps a repeat may be one."""
    for job, message in world.messages.items():
        name = "m" + message["MsgId"]
        texts = [text for each, _, text in world.pushed if each == job]
        parts = [
            part
            for reply in world.shown[message["FromUserName"]].values()
            for part in reply.split("\n\n")
            if part.rstrip("?").endswith(name)
        ]
        unmarked = [part for part in parts if not part.startswith(MARK)]
        assert len(texts) + len(unmarked) <= 1
        assert len(parts) - len(unmarked) <= 1


@pytest.fixture
def play(redis_url: str, stage_time: Time) -> type[Play]:
    """The machine, on the tests' Redis and with a clock of its own."""

    class Staged(Play):
        settings_of_all = make_settings(redis_url=redis_url, vqa_model="answerer", worker_threads=1)
        clock = stage_time
        picture = encode(Image.new("RGB", (32, 32), "red"))

    return Staged


def run(play: type[Play], plays: int) -> None:
    run_state_machine_as_test(
        play,
        settings=settings(
            max_examples=plays,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            report_multiple_bugs=False,
        ),
    )


def test_every_message_comes_to_one_outcome(play: type[Play]) -> None:
    run(play, 30)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_every_message_comes_to_one_outcome_in_hundreds_of_plays(play: type[Play]) -> None:
    run(play, int(os.environ.get("PLAYS", "300")))


def test_reply_that_waits_for_its_turn_is_kept_while_all_workers_are_down(
    play: type[Play],
) -> None:
    machine = play()
    machine.two_messages(questions=False)
    machine.process(0).begin("job").go_to(SEND)  # the first of the two
    machine.finish(1, "job")  # the second one waits for that
    machine.die(0, seen=False)
    machine.pass_time(3700)
    machine.teardown()


def test_who_has_stood_still_for_an_hour_learns_that_it_is_answered(play: type[Play]) -> None:
    machine = play()
    machine.two_messages(questions=False)
    machine.fall_silent_or_speak_again(0)
    machine.go_on(0, "job", steps=5)
    machine.pass_time(13)
    machine.finish(0, "upkeep")
    machine.finish(1, "job")  # the same job, taken from who was silent
    machine.pass_time(3700)  # until it is forgotten
    machine.teardown()


def test_nothing_is_kept_of_who_leaves_before_a_reply_is_parked(play: type[Play]) -> None:
    machine = play()
    machine.two_messages(questions=True)
    machine.process(0).begin("job").go_to(SEND)
    machine.leave(FOLLOWERS[0])
    machine.teardown()
    assert set(machine.world.outcomes.values()) <= {"parked", "apologised"}
