"""simulator.stagehand: what the page asks for is done to the demo's programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launch.supervisor import Program, Supervisor, free_port
from simulator.stagehand import Stagehand
from tests.conftest import until

SLEEP = "import os, time; print(os.environ.get('WECHAT_MODE'), flush=True); time.sleep(60)"
NAMES = ("redis", "serving", "worker", "app")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    programs = [
        Program(
            name=name, command=[sys.executable, "-c", SLEEP], environment={}, ready=lambda: True,
            log=tmp_path / f"{name}.log",
        )
        for name in NAMES
    ]  # fmt: skip
    supervisor = Supervisor(programs, print)
    supervisor.open()
    yield supervisor
    supervisor.close()


@pytest.fixture
def stagehand(supervisor: Supervisor, tmp_path: Path) -> Stagehand:
    url = f"redis://127.0.0.1:{free_port()}/0"
    return Stagehand(supervisor, {"REDIS_URL": url, "WECHAT_MODE": "safe"}, tmp_path)


def test_all_is_well(stagehand: Stagehand) -> None:
    assert stagehand.answer({"do": "look"}) == {
        "programs": dict.fromkeys(NAMES, "up"),
        "operating": False,
        "mode": "safe",
    }


def test_lost_program_stays_away_until_it_is_wanted(
    supervisor: Supervisor, stagehand: Stagehand
) -> None:
    lost = stagehand.answer({"do": "lose", "program": "redis"})
    assert lost["programs"]["redis"] == "away"
    looks: list[str] = []

    def look() -> None:
        looks.append(supervisor.find("redis").look())
        supervisor.stop()

    supervisor.watch(look)
    assert looks == ["away"]
    back = stagehand.answer({"do": "return", "program": "redis"})
    assert back["programs"]["redis"] == "up"


def test_return_of_one_that_is_there_changes_nothing(
    supervisor: Supervisor, stagehand: Stagehand
) -> None:
    before = supervisor.find("serving").process
    stagehand.answer({"do": "return", "program": "serving"})
    assert supervisor.find("serving").process is before


def test_mode_is_that_of_the_webhook_s_next_start(
    supervisor: Supervisor, stagehand: Stagehand
) -> None:
    assert stagehand.answer({"do": "mode", "mode": "plain"})["mode"] == "plain"
    until(lambda: "plain" in supervisor.find("app").last_words())


def test_nobody_is_killed_where_nobody_works(stagehand: Stagehand) -> None:
    assert stagehand.answer({"do": "kill"})["killed"] == 0


@pytest.mark.parametrize(
    "question",
    [{}, {"do": "x"}, {"do": "lose", "program": "app"}, {"do": "mode", "mode": "loud"}, {"do": 1}],
)
def test_nonsense_is_said_to_be_that(stagehand: Stagehand, question: dict[str, Any]) -> None:
    assert "is nothing that the demo does" in stagehand.answer(question)["wrong"]
