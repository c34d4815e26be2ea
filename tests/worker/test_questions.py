"""worker.questions and worker.pictures: conversations through the queue, with real models."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from PIL import Image
from rq.job import Job
from rq.serializers import JSONSerializer

from contract.job import picture_queue
from labels import minutes, phrase
from tests.conftest import WeChatServer, encode, make_settings
from tests.worker.conftest import OPENID, Send
from tests.worker.eyes import KEY, MODEL, Eyes, seeing
from worker.__main__ import build, make_worker
from worker.services import SERVICES, Services

Work = Callable[[], None]
DRAWING = encode(Image.new("RGB", (64, 32), "white"))  # to the tests' model: a circle, two squares
SCENE = "图里有 3 个图形：1 个红色的圆形、2 个蓝色的正方形。"
ASKED = "You asked: "
WEATHER = "今天天气怎么样"  # which our model does not know
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


@pytest.fixture
def texts(wechat_server: WeChatServer) -> Callable[[], list[str]]:
    return wechat_server.texts


def menu(wechat_server: WeChatServer) -> list[str]:
    """Return the lines below the last answer."""
    menus = [each for each in wechat_server.account.transcript.since(0) if each["kind"] == "menu"]
    return [line["content"] for line in menus[-1]["lines"]]


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


def run(services: Services) -> None:
    """Work off what is queued."""
    token = SERVICES.set(services)
    queue = picture_queue(services.album._redis)
    make_worker(queue, services).work(burst=True, logging_level="WARNING")
    SERVICES.reset(token)


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


def test_questions_lean_on_those_before_about_the_same_picture(
    send: Send, work: Work, texts: Callable[[], list[str]]
) -> None:
    for number, question in enumerate(["一", "二", "三", "四", "五"], 2):
        send(DRAWING) if number == 2 else None
        send(question=question, number=number)
        work()
    assert texts()[1:] == [
        ASKED + each
        for each in ("一", "一 / 二", "一 / 二 / 三", "一 / 二 / 三 / 四", "二 / 三 / 四 / 五")
    ]


def test_question_that_was_not_answered_is_not_leant_on(
    send: Send, work: Work, texts: Callable[[], list[str]]
) -> None:
    send(DRAWING)
    for number, question in enumerate(["有几个圆", WEATHER, "那它左边呢"], 2):
        send(question=question, number=number)
        work()
    assert texts()[2:] == [phrase("zh", "cannot_answer_shapes"), ASKED + "有几个圆 / 那它左边呢"]


def test_picture_and_questions_sent_at_once_are_answered_in_that_order(
    send: Send, work: Work, texts: Callable[[], list[str]]
) -> None:
    send(DRAWING)
    for number, question in enumerate(["有几个圆", "那它左边呢"], 2):
        send(question=question, number=number)
    work()
    assert texts() == [SCENE, ASKED + "有几个圆", ASKED + "有几个圆 / 那它左边呢"]


def test_earlier_picture_is_meant_where_the_question_says_so(
    send: Send, work: Work, texts: Callable[[], list[str]], services: Services
) -> None:
    ids = []
    for number in (1, 2):
        ids.append(send(DRAWING, number=number))
        work()
    services.turns.forget(OPENID)  # so they did not come together
    send(question="有几个圆", number=3)
    work()
    send(question="上一张里有几个三角形", number=4)
    work()
    send(question="那它左边呢", number=5)  # goes on about that one
    work()
    send(question="第二张呢", number=6)
    work()
    assert texts()[2:] == [
        ASKED + "有几个圆",
        ASKED + "图里有几个三角形",
        ASKED + "图里有几个三角形 / 那它左边呢",
        ASKED + "图里有几个三角形 / 那它左边呢",  # the same again
    ]
    talk = services.talks.read(OPENID)
    assert [each.picture for each in talk] == [ids[1], ids[0], ids[0], ids[1]]


def test_picture_that_is_only_named_is_described_where_nothing_was_asked_before(
    send: Send, work: Work, texts: Callable[[], list[str]], services: Services
) -> None:
    send(DRAWING)
    work()
    for number, question in enumerate(["第一张呢？", "最后一张"], 2):
        send(question=question, number=number)
        work()
    what = phrase("zh", "ask_what")
    assert texts()[1:] == [ASKED + what, ASKED + f"{what} / {what}"]


def test_what_cannot_be_asked_again_about_another_picture_is_not(
    send: Send, work: Work, texts: Callable[[], list[str]], services: Services
) -> None:
    for number in (1, 2):
        send(DRAWING, number=number)
        work()
    services.turns.forget(OPENID)
    send(question="有几个圆", number=3)
    work()
    services.talks.add(
        OPENID,
        dataclasses.replace(services.talks.read(OPENID)[-1], question=WEATHER),
    )
    send(question="上一张呢？", number=4)
    work()
    assert texts()[-1] == ASKED + phrase("zh", "ask_what")


def test_picture_that_comes_while_another_is_asked_about_is_not_meant(
    send: Send, work: Work, services: Services
) -> None:
    first = send(DRAWING)
    work()
    send(question="有几个圆", number=2)
    send(DRAWING, number=3)
    work()
    assert [each.picture for each in services.talks.read(OPENID)] == [first]


@BOTH
def test_picture_that_was_forgotten_is_asked_for(
    send: Send, work: Work, texts: Callable[[], list[str]], language: str
) -> None:
    for number in range(1, 6):
        send(DRAWING, number=number)
    work()
    send(question="第一张有几个圆" if language == "zh" else "what is in the first picture",
         number=9, language=language)  # fmt: skip
    work()
    assert texts()[-1] == phrase(language, "picture_forgotten", most=3)


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


@BOTH
def test_question_about_a_picture_that_has_had_its_time_is_told_so_and_kept(
    send: Send,
    work: Work,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    language: str,
) -> None:
    send(DRAWING, language=language)
    work()
    connection.delete(*connection.scan_iter("kantu:pictures:*:*"))
    send(question="how many circles?", number=2, language=language)
    work()
    assert wechat_server.texts()[1] == phrase(
        language, "picture_gone", time=minutes(language, 1800)
    )
    send(DRAWING, number=3, language=language)
    work()
    assert wechat_server.texts()[2].endswith(
        phrase(language, "asked_before", answer=ASKED + "how many circles?")
    )


@BOTH
@pytest.mark.parametrize(
    ("picture", "key"), [("1-digit-3", "cannot_answer_photo"), ("", "cannot_answer_shapes")]
)
def test_what_nobody_knows_is_admitted_with_what_we_can_do(
    send: Send,
    work: Work,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    language: str,
    picture: str,
    key: str,
) -> None:
    send(samples.get(picture, DRAWING), language=language)
    send(question=WEATHER, number=2, language=language)
    work()
    assert wechat_server.texts()[1] == phrase(language, key)
    lines = menu(wechat_server)
    assert phrase(language, "right") in lines or len(lines) == 2  # those of the picture, or better
    assert (phrase(language, "ask_largest") in lines) == (not picture)


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


def test_nothing_is_kept_of_what_a_follower_asked_who_left_meanwhile(
    send: Send, work: Work, services: Services, connection: redis.Redis
) -> None:
    send(DRAWING)
    work()
    send(question="有几个圆", number=2)
    for part in (services.followers, services.talks, services.album):
        part.forget(OPENID)
    work()
    assert list(connection.scan_iter("kantu:talk:*")) == []
    assert list(connection.scan_iter("kantu:early:*")) == []
    assert list(connection.scan_iter("kantu:pictures:*")) == []


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
