"""Questions about photographs, through the queue: the endpoint's, or else the classifier's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

from labels import phrase
from tests.conftest import WeChatServer, make_settings
from tests.worker.conftest import OPENID, Send, Work
from tests.worker.conversation import BOTH, WEATHER, menu, run
from tests.worker.eyes import KEY, MODEL, Eyes, seeing
from worker.__main__ import build
from worker.services import Services


@pytest.fixture
def eyes() -> Iterator[tuple[Eyes, str]]:
    with seeing(lambda _: "一只白猫。") as (eyes, server):
        yield eyes, server.url


def with_endpoint(services: Services, url: str, **changes: Any) -> Services:
    """Return the services of a process that has somebody to ask about photographs."""
    known = services.settings.model_dump() | {
        "vqa_endpoint": url, "vqa_endpoint_model": MODEL, "vqa_endpoint_key": KEY, **changes,
    }  # fmt: skip
    return build(make_settings(**known), services.album._redis)


@pytest.mark.parametrize(
    "question", ["这是什么？", "图里有什么", "描述一下", "What is this?", "describe it"]
)
def test_photograph_is_described_by_the_classifier_where_nobody_else_can(
    send: Send,
    work: Work,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    question: str,
) -> None:
    monkeypatch.setattr("worker.shape_model.ShapeModel.ask", lambda *_: None)
    send(samples["1-digit-3"])
    send(question=question, number=2)
    work()
    first, second = wechat_server.texts()
    assert second == first


@BOTH
def test_photograph_is_asked_of_the_endpoint_and_its_answer_is_marked(
    send: Send,
    services: Services,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    eyes: tuple[Eyes, str],
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ours = with_endpoint(services, eyes[1])
    send(samples["1-digit-3"], language=language)
    send(question=WEATHER, number=2, language=language)
    send(question=f"{WEATHER}呢", number=3, language=language)
    run(ours)
    marked = phrase(language, "generated", answer="一只白猫。")
    assert marked.endswith(
        {"zh": "（AI 生成，仅供参考）", "en": "(AI-generated, for reference only)"}[language]
    )
    assert wechat_server.texts()[1:] == [marked, marked]
    second = eyes[0].asked[1]["messages"][1]["content"][1]["text"]
    assert "A: 一只白猫。" in second
    assert menu(wechat_server)[2:] == [phrase(language, "ask_what"), phrase(language, "ask_colour")]
    assert f"model={MODEL}" in caplog.text
    ours_said = "".join(each.getMessage() for each in caplog.records if each.name != "werkzeug")
    assert not [each for each in (KEY, WEATHER, "白猫", OPENID) if each in ours_said]


@BOTH
def test_answer_that_may_not_be_said_is_declined(
    send: Send,
    services: Services,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    eyes: tuple[Eyes, str],
    language: str,
    tmp_path: Any,
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("白猫", "utf-8")
    send(samples["1-digit-3"], language=language)
    send(question=WEATHER, number=2, language=language)
    run(with_endpoint(services, eyes[1], moderation=str(words)))
    assert wechat_server.texts()[1] == phrase(language, "not_said")
    assert services.talks.read(OPENID) == []


@BOTH
def test_endpoint_that_fails_is_apologised_for_at_once(
    send: Send,
    services: Services,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    monkeypatch.setattr("worker.endpoint._PAUSE", 0.01)
    send(samples["1-digit-3"], language=language)
    asked = send(question=WEATHER, number=2, language=language)
    run(with_endpoint(services, "http://127.0.0.1:1"))
    assert wechat_server.texts()[1] == phrase(language, "endpoint_away")
    job = Job.fetch(asked, connection, serializer=JSONSerializer)
    assert (job.meta["outcome"], job.is_finished) == ("apologised", True)
    assert KEY not in str(connection.hgetall(f"rq:job:{asked}"))
