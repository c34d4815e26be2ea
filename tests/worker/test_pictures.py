"""worker.pictures: what is said of pictures through the queue, with real models."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

from labels import phrase
from tests.conftest import WeChatServer, make_settings
from tests.worker.conftest import Send, Work
from tests.worker.conversation import ASKED, BOTH, DRAWING, SCENE, WEATHER, menu, run
from worker.__main__ import build
from worker.services import Services


@BOTH
def test_drawing_is_described_and_not_guessed(
    send: Send, work: Work, wechat_server: WeChatServer, language: str
) -> None:
    send(DRAWING, language=language)
    work()
    english = "There are 3 shapes in your picture: 1 red circle, 2 blue squares."
    assert wechat_server.texts() == [SCENE if language == "zh" else english]
    suggested = [
        phrase(language, "ask_largest"),
        phrase(language, "ask_nearest", thing={"zh": "红色的圆形", "en": "red circle"}[language]),
    ]
    assert menu(wechat_server)[2:] == suggested


def test_photograph_is_the_classifier_s_and_nothing_is_suggested_that_nobody_answers(
    send: Send, work: Work, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    send(samples["1-digit-3"])
    work()
    assert wechat_server.texts()[0].endswith("数字 3")
    assert menu(wechat_server) == [phrase("zh", "right"), phrase("zh", "wrong")]


def test_model_that_cannot_describe_leaves_the_classifier_alone(
    send: Send,
    services: Services,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
) -> None:
    known = services.settings.model_dump() | {"vqa_model": "half_plus_two"}
    send(samples["1-digit-3"])
    run(build(make_settings(**known), services.album._redis))
    assert wechat_server.texts()[0].endswith("数字 3")


@BOTH
def test_question_before_its_picture_is_answered_when_that_comes(
    send: Send, work: Work, wechat_server: WeChatServer, language: str
) -> None:
    question = {"zh": "有几个圆？", "en": "how many circles?"}[language]
    send(question=question, language=language)
    work()
    send(DRAWING, number=2, language=language)
    work()
    send(DRAWING, number=3, language=language)
    work()
    waits, answered, after = wechat_server.texts()
    assert waits == phrase(language, "send_picture_first")
    assert answered.endswith(phrase(language, "asked_before", answer=ASKED + question))
    assert ASKED not in after  # it is answered once


@pytest.mark.parametrize("behind", [False, True])
def test_question_and_its_picture_sent_at_once_are_both_answered(
    send: Send, work: Work, texts: Callable[[], list[str]], behind: bool
) -> None:
    """Whichever of the two is looked at first."""
    send(question="有几个圆？")
    if not behind:
        work()
    send(DRAWING, number=2)
    work()
    said = texts()
    expected = [ASKED + "有几个圆？", SCENE] if behind else [
        phrase("zh", "send_picture_first"),
        phrase("zh", "asked_before", answer=ASKED + "有几个圆？"),
    ]  # fmt: skip
    assert said == expected


def test_early_question_that_nobody_knows_does_not_hide_what_the_picture_shows(
    send: Send, work: Work, texts: Callable[[], list[str]]
) -> None:
    send(question=WEATHER)
    work()
    send(DRAWING, number=2)
    work()
    assert texts()[1] == SCENE


def outlined(wechat_server: WeChatServer) -> list[str]:
    events = wechat_server.account.transcript.since(0)
    return [each["picture"] for each in events if each["kind"] == "picture"]


def test_picture_goes_along_outlined_where_the_account_wants_it(
    send: Send, services: Services, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    known = services.settings.model_dump() | {"reply_with_picture": True}
    send(DRAWING)
    send(samples["1-digit-3"], number=2)
    run(build(make_settings(**known), services.album._redis))
    assert SCENE in wechat_server.texts()[0]
    (media_id,) = outlined(wechat_server)
    drawn = wechat_server.account.media.get(media_id)
    assert drawn[:2] == b"\xff\xd8"
    assert drawn != DRAWING


@pytest.mark.parametrize("fails", ["upload", "get"])
def test_words_arrive_where_the_picture_cannot(
    send: Send,
    services: Services,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    known = services.settings.model_dump() | {"reply_with_picture": True}
    asked = send(DRAWING)

    def fail(*_: object) -> None:
        raise RuntimeError("WeChat has a bad day")

    if fails == "upload":
        monkeypatch.setattr(wechat_server.account.media, "upload", fail)
    else:
        monkeypatch.setattr(wechat_server.account, "receive_picture", fail)
    run(build(make_settings(**known), services.album._redis))
    assert wechat_server.texts() == [SCENE]
    assert outlined(wechat_server) == []
    job = Job.fetch(asked, connection, serializer=JSONSerializer)
    assert job.meta["outcome"] == "sent"
