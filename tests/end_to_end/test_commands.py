"""What else a follower may send, in both languages: commands, stickers, a button of the menu."""

from __future__ import annotations

import pytest

from labels import minutes, phrase
from tests.chaos.arena import Arena
from tests.chaos.models import REPLY
from tests.conftest import until
from tests.end_to_end.chat import BOTH, WORDS, Chat, begin


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
