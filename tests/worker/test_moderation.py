"""worker.moderation"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from launch.supervisor import free_port
from tests.worker.odd_server import Respond, answer, hang, odd_server, running, says
from worker.moderation import moderation

SECRET = "token=canary-9876"


def test_without_one_all_may_be_said() -> None:
    assert moderation("")("anything")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("一只猫", True),
        ("这里有赌博网站", False),
        ("这里有赌 博", False),
        ("有Ｃａｓｉｎｏ", False),
        ("CA-SI-NO", False),
        ("this # is no comment of theirs", True),
        ("", True),
    ],
)
def test_words_of_the_list_may_not_be_said(tmp_path: Path, text: str, allowed: bool) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# what may not be said\n赌博 # nor this\n\n  Casino\n", "utf-8")
    assert moderation(str(path))(text) is allowed


@pytest.mark.parametrize("allowed", [True, False])
def test_endpoint_is_asked(allowed: bool) -> None:
    with running(says({"allowed": allowed, "why": "…"})) as server:
        assert moderation(f"{server.url}/check?{SECRET}")("一只猫") is allowed
    assert json.loads(server.bodies[0]) == {"text": "一只猫"}
    assert server.paths == [f"/check?{SECRET}"]


@pytest.mark.parametrize(
    "respond",
    [
        says({"allowed": "yes"}), says({"allowed": 1}), says({}), says([]), says(True),
        says({"allowed": True}, 500), says({"allowed": True}, 201), answer(200, b"<html>"),
        answer(200, b"[" * 99_999), answer(302, b"", headers={"Location": "/"}), hang(3),
    ],
)  # fmt: skip
def test_whatever_is_no_yes_is_a_no(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, respond: Respond
) -> None:
    monkeypatch.setattr("worker.moderation._TIMEOUT", (0.5, 0.5))
    caplog.set_level(logging.INFO, "worker")
    with odd_server(respond) as url:
        assert not moderation(f"{url}/?{SECRET}")("一只猫")
    assert "moderation" in caplog.text
    ours = "".join(each.getMessage() for each in caplog.records if each.name.startswith("worker"))
    assert SECRET not in ours
    assert "猫" not in ours


def test_endpoint_that_is_away_allows_nothing() -> None:
    assert not moderation(f"http://127.0.0.1:{free_port()}/")("一只猫")
