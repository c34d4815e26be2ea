"""Conversations in both languages, from the follower's phone: the webhook and the worker, really
running, with a model that knows pictures and one that answers questions. WeChat is the simulator's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import limits
from app.feedback import Feedback
from app.limits import Limits
from contract.follower import Followers
from contract.job import picture_queue
from labels import minutes, phrase
from launch import programs
from launch.supervisor import free_port
from simulator.courier import Courier
from simulator.phone import Phone
from tests.chaos.arena import Arena
from tests.chaos.models import REPLY, scene
from tests.conftest import make_settings, serve_wechat, until
from worker.scene import describe, read_scene, suggest

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SECONDS = 40  # for a busy machine
DRAWING = scene(
    ("red", "circle", [0.2, 0.1, 0.4, 0.2]),
    ("blue", "square", [0.2, 0.3, 0.4, 0.4]),
    ("blue", "square", [0.3, 0.7, 0.9, 0.95]),
)
SQUARES = {"zh": "正方形", "en": "squares"}


@dataclasses.dataclass(kw_only=True)
class Chat:
    """One follower's phone, and what it shows."""

    arena: Arena
    phone: Phone
    language: str
    openid: str = ""
    seen: int = 0  # texts that hear() has given

    def words(self, key: str, **blanks: object) -> str:
        """Return a sentence in the follower's language."""
        return phrase(self.language, key, **blanks)

    def events(self, kind: str) -> list[dict[str, Any]]:
        events = self.arena.account.transcript.since(0)
        return [each for each in events if each["kind"] == kind and each["follower"] == self.openid]

    def hear(self, number: int = 1) -> list[str]:
        """Return the next texts, once there are so many."""
        end = self.seen + number
        until(lambda: len(self.events("answer")) >= end, SECONDS)
        texts = [each["text"] for each in self.events("answer")[self.seen : end]]
        self.seen = end
        return texts

    def say(self, text: str) -> str:
        """Send a text; return what is heard next."""
        self.phone.send_text(self.openid, text)
        return self.hear()[0]

    def show(self) -> str:
        """Send a picture; return what is heard next."""
        self.send()
        return self.hear()[0]

    def send(self) -> None:
        """Send a picture that nobody has seen."""
        self.phone.send_picture(self.openid, self.arena.another_picture())

    def menu(self, number: int = 1) -> list[dict[str, str]]:
        """Return the lines below the last answer, once there are so many menus."""
        until(lambda: len(self.events("menu")) >= number, SECONDS)
        return list(self.events("menu")[-1]["lines"])

    def tap(self, line: dict[str, str]) -> str:
        """Tap a line; return what is heard next."""
        self.phone.tap(self.openid, line["content"], line["id"])
        return self.hear()[0]

    def delivered(self, number: int) -> None:
        """Wait until WeChat has delivered so many messages of this follower."""
        until(lambda: len(self.events("delivery")) >= number, SECONDS)


def begin(arena: Arena, courier: Courier, language: str) -> Chat:
    """Return the phone of somebody new, who has been greeted and has chosen a language."""
    phone = Phone(arena.account, courier, arena.wechat.url)
    chat = Chat(arena=arena, phone=phone, language=language, openid=phone.follow())
    assert chat.hear() == [phrase("zh", "subscribed")]
    if language != "zh":
        assert chat.say("English") == chat.words("language_set")
    return chat


@contextlib.contextmanager
def opened(folder: Path, picture: bytes, **settings: str) -> Iterator[Arena]:
    with serve_wechat() as wechat:
        arena = Arena(folder, wechat, picture, VQA_MODEL="vqa", **settings)
        with arena.open():
            yield arena


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying by push."""
    with opened(tmp_path_factory.mktemp("push"), samples["1-digit-3"]) as arena:
        yield arena


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying by push with pictures."""
    folder, picture = tmp_path_factory.mktemp("drawing"), samples["4-shapes"]
    with opened(folder, picture, REPLY_WITH_PICTURE="true") as arena:
        yield arena


@pytest.fixture(scope="module")
def passive(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying in WeChat's own requests."""
    picture = samples["1-digit-3"]
    with opened(tmp_path_factory.mktemp("passive"), picture, WECHAT_REPLY="passive") as arena:
        yield arena


@pytest.fixture
def chat(arena: Arena, language: str) -> Iterator[Chat]:
    yield begin(arena, arena.courier, language)
    arena.models.scene = scene()


@pytest.fixture
def held(arena: Arena) -> Iterator[threading.Event]:
    """Have the models wait until the test lets them go on."""
    go_on = threading.Event()

    def wait() -> None:
        go_on.wait(SECONDS)

    arena.models.behave = wait
    yield go_on
    go_on.set()
    arena.models.behave = lambda: None


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


WORDS = {
    "help": ("帮助", "help"),
    "language_now": ("语言", "language"),
    "privacy": ("隐私", "privacy"),
    "data_deleted": ("删除我的数据", "delete my data"),
}


@BOTH
@pytest.mark.parametrize("key", WORDS)
def test_commands_are_obeyed_in_words_and_from_the_menu(chat: Chat, key: str) -> None:
    word = WORDS[key][chat.language == "en"]

    def expected() -> str:
        questions, others = chat.words("help_shapes"), chat.words("privacy_nobody")
        return chat.words(
            key, time=minutes(chat.language, 1800), questions=questions, others=others
        )

    assert chat.say(word) == expected()
    if key == "data_deleted":
        chat.language = "zh"  # for the one that was chosen is forgotten, too
    chat.phone.cause(chat.openid, "CLICK", word)
    assert chat.hear() == [expected()]


@BOTH
def test_data_are_deleted_at_once(chat: Chat) -> None:
    chat.show()
    chat.say("1" if chat.language == "zh" else "what colour is it")
    until(lambda: not chat.arena.outcomes()["none"])
    assert chat.arena.kept_of(chat.openid) != []
    chat.say(WORDS["data_deleted"][chat.language == "en"])
    assert chat.arena.kept_of(chat.openid) == []


def test_language_is_that_of_the_writing_until_it_is_chosen(arena: Arena) -> None:
    chat = begin(arena, arena.courier, "zh")
    chat.show()
    assert chat.say("language") == phrase("en", "language_now")
    assert "Let me guess" in chat.show()
    assert chat.say("中文") == phrase("zh", "language_set")
    assert chat.say("is it handwritten") == REPLY + "is it handwritten"
    assert "让我猜猜" in chat.show()


@BOTH
def test_sticker_and_voice_are_answered_kindly(chat: Chat) -> None:
    assert chat.say("【收到不支持的消息类型，暂无法显示】") == chat.words("unsupported")
    chat.phone.send_other(chat.openid, "voice")
    assert chat.hear() == [chat.words("unsupported")]


@BOTH
def test_button_of_the_menu_that_is_no_command_invites(chat: Chat) -> None:
    chat.phone.cause(chat.openid, "CLICK", "photo")
    assert chat.hear() == [chat.words("invitation")]


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


@BOTH
def test_answer_beyond_wechat_s_count_heads_the_next_reply(
    chat: Chat, held: threading.Event
) -> None:
    delivered = len(chat.events("delivery"))
    chat.send()
    chat.delivered(delivered + 1)
    chat.arena.account.followers[chat.openid].allowances = [
        dataclasses.replace(each, left=0)
        for each in chat.arena.account.followers[chat.openid].allowances
    ]
    held.set()
    until(lambda: not chat.arena.outcomes()["none"], SECONDS)
    answer, _, after = chat.say(WORDS["language_now"][chat.language == "en"]).partition("\n\n")
    assert answer.startswith(chat.words("sure", percent="96.0%", name=""))
    assert after == chat.words("language_now")
    assert chat.say("1") == chat.words("question_empty")  # for no choices were below it
    chat.show()  # by push again
    assert chat.events("answer")[-1]["way"] == "push"


@BOTH
def test_answer_after_two_days_heads_the_next_reply(chat: Chat, held: threading.Event) -> None:
    delivered = len(chat.events("delivery"))
    chat.send()
    chat.delivered(delivered + 1)
    until(lambda: chat.arena.redis.exists("rq:wip:pictures"), SECONDS)
    chat.arena.account.clock.advance(48 * 3600 + 1)
    chat.arena.redis.delete(*chat.arena.redis.keys("kantu:wechat:*"))  # that day's token is over
    held.set()
    until(lambda: not chat.arena.outcomes()["none"], SECONDS)
    assert len(chat.events("answer")) == chat.seen
    answer, _, after = chat.say(WORDS["language_now"][chat.language == "en"]).partition("\n\n")
    assert answer.startswith(chat.words("sure", percent="96.0%", name=""))
    assert after == chat.words("language_now")


@BOTH
@pytest.mark.parametrize(
    ("most", "key"),
    [(limits.PER_MINUTE, "too_many_a_minute"), (limits.PER_DAY, "too_many_a_day")],
)
def test_who_sends_too_much_is_told_once(chat: Chat, most: int, key: str) -> None:
    """The messages before are put where the webhook counts them, in this minute and the next."""
    followers = Followers(make_settings(), chat.arena.redis)
    for now in (time.time(), time.time() + 60):
        counts = Limits(followers, picture_queue(chat.arena.redis), 60, lambda now=now: now)  # type: ignore[misc]  # its type is that of the clock
        with chat.arena.redis.pipeline() as pipeline:
            for number in range(most):
                counts.count(pipeline, chat.openid, f"earlier-{number}")
            pipeline.execute()
    assert chat.show() == chat.words(key)
    delivered = len(chat.events("delivery"))
    chat.send()
    chat.delivered(delivered + 1)
    assert chat.say(WORDS["help"][0]) != chat.words(key)
    assert len(chat.events("answer")) == chat.seen


@BOTH
def test_passive_answer_offers_numbers(passive: Arena, language: str) -> None:
    passive.models.scene = DRAWING
    chat = begin(passive, passive.courier, language)
    answer, _, choices = chat.show().partition("\n\n")
    assert answer == describe(read_scene(DRAWING), language)
    texts = [chat.words("right"), chat.words("wrong"), *suggest(read_scene(DRAWING), language)]
    lines = [chat.words("choice", number=number, text=text) for number, text in enumerate(texts, 1)]
    assert choices.splitlines() == [chat.words("choose"), *lines]
    assert chat.say("1") == chat.words("thanks_right")
    answer, _, choices = chat.say("3").partition("\n\n")
    assert answer == REPLY + chat.words("ask_largest")
    assert len(choices.splitlines()) == 5
    assert {each["way"] for each in chat.events("answer")} == {"passive"}


@BOTH
def test_account_without_menus_offers_numbers_by_push(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat.arena.account, "menus", False)
    answer, _, choices = chat.show().partition("\n\n")
    assert answer.startswith(chat.words("sure", percent="96.0%", name=""))
    assert choices.splitlines()[0] == chat.words("choose")
    assert chat.events("menu") == []
    assert chat.events("answer")[-1]["way"] == "push"
    assert chat.say("2") == chat.words("thanks_wrong")


@BOTH
def test_picture_is_acknowledged_where_the_account_wants_it(
    arena: Arena, language: str, tmp_path: Path
) -> None:
    port = free_port()
    environment = {**arena.environment, "ACKNOWLEDGE": "true"}
    app = programs.webhook(port, environment, tmp_path / "app.log")
    app.start()
    try:
        until(app.ready)
        courier = Courier(arena.account, make_settings(), f"http://127.0.0.1:{port}/wechat")
        chat = begin(arena, courier, language)
        chat.send()
        texts = sorted(chat.hear(2))  # the push may be quicker
        assert chat.words("acknowledged") in texts
        assert any(text.startswith(chat.words("sure", percent="96.0%", name="")) for text in texts)
    finally:
        app.end()
