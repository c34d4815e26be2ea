"""Minutes of messages while parts break at random; SOAK=seconds and SEED=number change how."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from labels import phrase
from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.chaos.report import SEED, SOAK
from tests.conftest import until


class Faults:
    """What can go wrong, one after another; heal() ends what lasts."""

    def __init__(self, arena: Arena, chance: random.Random) -> None:
        self._arena, self._chance = arena, chance
        self._receive = arena.account.receive_text
        self.all: list[Callable[[], None]] = [
            arena.kill_working,
            self.slow_model,
            self.broken_model,
            self.busy_wechat,
            self.swallowing_wechat,
            arena.account.credentials.revoke,
            self.restart_worker,
        ]

    def strike(self) -> None:
        """Let one of them happen."""
        self.heal()
        self._chance.choice(self.all)()
        self._arena.note_broken_sends()

    def heal(self) -> None:
        """Let everybody behave."""
        self._arena.models.behave = lambda: None
        self._arena.account.receive_text = self._receive  # type: ignore[method-assign]

    def slow_model(self) -> None:
        self._arena.models.behave = lambda: time.sleep(2)

    def broken_model(self) -> None:
        self._arena.models.behave = lambda: 500

    def busy_wechat(self) -> None:
        def busy(*_: Any) -> None:
            raise ApiError(-1)

        self._arena.account.receive_text = busy  # type: ignore[assignment, method-assign]

    def swallowing_wechat(self) -> None:
        def swallow(openid: object, text: object) -> None:
            self._receive(openid, text)
            self.heal()
            self._arena.kill_working()  # the follower has it, and nobody lives to hear that

        self._arena.account.receive_text = swallow  # type: ignore[assignment, method-assign]

    def restart_worker(self) -> None:
        self._arena.worker.end()
        self._arena.worker.start()


@pytest.mark.chaos
@pytest.mark.timeout(SOAK + 300)
def test_soak(arena: Arena) -> None:
    chance = random.Random(SEED)  # no secret
    faults = Faults(arena, chance)
    openids, end = list[str](), time.monotonic() + SOAK
    while time.monotonic() < end:
        faults.strike()
        for _ in range(3):
            openids += arena.send(chance.randint(1, 6), copies=chance.choice([1, 1, 1, 3]))
            time.sleep(chance.uniform(0.2, 1.5))
    faults.heal()
    until(lambda: sum(arena.outcomes().values()) == len(openids))
    outcomes = arena.settle(150)
    allowed = {ANSWER, phrase("zh", "apology")[-4:]}
    assert {text[-4:] for openid in openids for text in arena.read(openid)} <= allowed
    silent = [openid for openid in openids if not arena.read(openid)]
    assert len(silent) <= outcomes["unknown"] <= len(arena.broken)
    assert arena.doubled() == 0
