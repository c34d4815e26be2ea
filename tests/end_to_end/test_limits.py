"""What WeChat takes no more heads the next reply, and who sends too much is told so once."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest

from app import limits
from app.limits import Limits
from contract.follower import Followers
from contract.job import picture_queue
from tests.conftest import make_settings, until
from tests.end_to_end.chat import BOTH, SECONDS, WORDS, Chat


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
