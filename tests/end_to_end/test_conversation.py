"""Pictures in both languages, from the follower's phone, and what is asked about them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.feedback import Feedback
from tests.chaos.arena import Arena
from tests.chaos.models import REPLY
from tests.conftest import until
from tests.end_to_end.chat import BOTH, DRAWING, SECONDS, Chat, begin, opened
from worker.scene import describe, read_scene

SQUARES = {"zh": "正方形", "en": "squares"}


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying by push with pictures."""
    folder, picture = tmp_path_factory.mktemp("drawing"), samples["4-shapes"]
    with opened(folder, picture, REPLY_WITH_PICTURE="true") as arena:
        yield arena


@BOTH
def test_picture_is_answered_and_the_answer_judged(chat: Chat) -> None:
    before = Feedback(chat.arena.redis).read("demo")
    answer = chat.show()
    assert answer.startswith(chat.words("sure", percent="96.0%", name=""))
    lines = chat.menu()
    assert [each["content"] for each in lines] == [chat.words("right"), chat.words("wrong")]
    assert chat.tap(lines[0]) == chat.words("thanks_right")
    assert chat.tap(lines[1]) == chat.words("thanks_wrong")  # said, but the first one counts
    (label,) = Feedback(chat.arena.redis).read("demo")
    right, wrong = before.get(label, (0, 0))
    assert Feedback(chat.arena.redis).read("demo") == {label: (right + 1, wrong)}


@BOTH
def test_picture_is_asked_about_by_a_tap_and_in_words(chat: Chat) -> None:
    chat.arena.models.scene = DRAWING
    assert chat.show() == describe(read_scene(DRAWING), chat.language)
    largest = chat.menu()[2]
    assert chat.tap(largest) == REPLY + chat.words("ask_largest")
    name = {"zh": "红色的圆形", "en": "red circle"}[chat.language]
    suggested = [
        chat.words("ask_nearest", thing=name),
        chat.words("ask_count", shapes=SQUARES[chat.language]),
    ]
    assert [each["content"] for each in chat.menu(2)][2:] == suggested
    question = {"zh": "那它左边呢", "en": "what is left of it"}[chat.language]
    assert chat.say(question) == f"{REPLY}{chat.words('ask_largest')} / {question}"


@BOTH
def test_question_before_its_picture_is_answered_when_that_comes(chat: Chat) -> None:
    question = {"zh": "这是什么", "en": "what is this"}[chat.language]
    assert chat.say(question) == chat.words("send_picture_first")
    assert chat.show() == chat.words("asked_before", answer=REPLY + question)
    assert chat.words("sure", percent="96.0%", name="") in chat.show()


@BOTH
def test_picture_and_its_questions_sent_within_a_second_are_answered_in_that_order(
    chat: Chat, held: threading.Event
) -> None:
    """By two processes, whichever of them takes which."""
    questions = {"zh": ["有几个圆", "那它左边呢"], "en": ["how many circles", "what is left of it"]}
    first, second = questions[chat.language]
    delivered = len(chat.events("delivery"))
    chat.send()
    chat.delivered(delivered + 1)  # WeChat's own order is that of the tries
    chat.phone.send_text(chat.openid, first)
    chat.delivered(delivered + 2)
    chat.phone.send_text(chat.openid, second)
    chat.delivered(delivered + 3)
    held.set()
    picture, *answers = chat.hear(3)
    assert picture.startswith(chat.words("sure", percent="96.0%", name=""))
    assert answers == [REPLY + first, f"{REPLY}{first} / {second}"]


@BOTH
def test_earlier_picture_can_be_asked_about(chat: Chat) -> None:
    chat.show()
    chat.show()
    asked, meant = {
        "zh": ("第一张里有几个圆", "图里有几个圆"),
        "en": (
            "count the circles in the previous picture",
            "count the circles in the picture",
        ),
    }[chat.language]
    assert chat.say(asked) == REPLY + meant


@BOTH
def test_picture_comes_back_outlined_where_the_account_wants_it(
    drawing: Arena, language: str
) -> None:
    chat = begin(drawing, drawing.courier, language)
    drawing.models.scene = DRAWING
    assert chat.show() == describe(read_scene(DRAWING), language)
    until(lambda: chat.events("picture"), SECONDS)
    (media_id,) = [each["picture"] for each in chat.events("picture")]
    assert drawing.account.media.get(media_id)[:2] == b"\xff\xd8"


@BOTH
def test_tap_on_an_older_menu_has_expired(chat: Chat) -> None:
    chat.show()
    older = chat.menu()
    chat.show()
    chat.menu(2)
    assert chat.tap(older[0]) == chat.words("choice_expired")


@BOTH
def test_nine_pictures_are_answered_in_order_with_one_menu(
    chat: Chat, held: threading.Event
) -> None:
    delivered = len(chat.events("delivery"))
    for _ in range(9):
        chat.send()
    chat.delivered(delivered + 9)
    held.set()
    answers = chat.hear(9)
    begun = [chat.words("numbered", number=number, answer="") for number in range(1, 10)]
    assert [text[: len(start)] for text, start in zip(answers, begun, strict=True)] == begun
    assert len(chat.menu()) == 2
    *_, last, menu = [
        each
        for each in chat.arena.account.transcript.since(0)
        if each["follower"] == chat.openid and each["kind"] in {"answer", "menu"}
    ]
    assert (last["text"], menu["kind"]) == (answers[-1], "menu")
    assert len(chat.events("menu")) == 1
