"""worker.questions: what is said to questions through the queue, with real models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import redis

from labels import minutes, phrase
from tests.conftest import WeChatServer
from tests.worker.conftest import OPENID, Send, Work
from tests.worker.conversation import ASKED, BOTH, DRAWING, SCENE, WEATHER, menu
from worker.services import Services


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
