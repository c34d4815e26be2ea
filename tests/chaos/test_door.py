"""What comes to the webhook too often, too late, from others, at a wrong time, all at once."""

from __future__ import annotations

import random
import statistics
import time

import pytest
import requests

from tests.chaos.arena import Arena
from tests.chaos.test_killed import assert_answered_once
from tests.conftest import until

pytestmark = pytest.mark.chaos
BURST, FOLLOWERS = 2_000, 400


def test_message_is_delivered_again_after_20_s_and_after_its_answer(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(1)
    openids = arena.send(3)
    arena.wait_for_answers(openids)
    arena.settle()
    for pause in (0, 20):
        time.sleep(pause)
        before = len(arena.deliveries())
        for openid in openids:
            arena.repeat(openid)
        until(lambda: len(arena.deliveries()) == before + 3)  # noqa: B023  # asked at once
    time.sleep(2)
    assert arena.models.asked == 3
    assert arena.settle() == {"sent": 3}
    assert_answered_once(arena, openids)


def test_forged_and_malformed_requests_among_good_messages(arena: Arena) -> None:
    chance, statuses, openids = random.Random(1), set[int](), list[str]()
    session = requests.Session()
    session.trust_env = False
    good = arena.push("oCHAOSstranger0000000000000", MsgType="text", Content="hi")
    query, body = arena.courier.seal(good)
    old = query | {"timestamp": str(int(query["timestamp"]) - 600)}
    forgeries = [
        ({}, body),  # no signature at all
        (query | {"signature": "0" * 40}, body),
        (query | {"msg_signature": "0" * 40}, body),
        (old, body),  # signed for another time
        (query, body.replace(b"<Encrypt>", b"<Encrypt>x", 1)),
        ({key: query[key] for key in ("signature", "timestamp", "nonce")}, b"<xml/>"),  # plaintext
        (query, b"<xml><Encrypt>"),
        (query, b"\xff" * 500),
    ]
    for _ in range(100):
        if chance.random() < 0.7:
            openids += arena.send(1)
        else:
            params, data = chance.choice(forgeries)
            answer = session.post(arena.webhook, params=params, data=data, timeout=5)
            statuses.add(answer.status_code)
            assert answer.content in {b"", b"success"}
    arena.wait_for_answers(openids)
    outcomes = arena.settle()
    assert outcomes["sent"] + outcomes["apologised"] == outcomes.total() == len(openids)
    assert [len(arena.read(openid)) for openid in openids] == [1] * len(openids)
    assert statuses <= {200, 403}
    assert 403 in statuses


@pytest.mark.parametrize("ahead", [600, -600])
def test_clock_of_the_webhook_is_ten_minutes_wrong(arena: Arena, ahead: int) -> None:
    right = arena.app.command
    wrong = f"tests.chaos.wrong_clock:create_app({ahead})"
    arena.app.command = [wrong if part == "app:create_app()" else part for part in right]
    arena.app.end()
    arena.app.start()
    until(arena.app.ready)
    refused = arena.send(1)
    until(arena.deliveries)
    assert {each["status"] for each in arena.deliveries()} == {403}
    assert not arena.outcomes()
    arena.app.command = right
    arena.app.end()
    arena.app.start()
    until(arena.app.ready)
    arena.wait_for_answers(refused)  # WeChat has tried again meanwhile
    assert arena.settle() == {"sent": 1}


def test_webhook_is_replaced_under_load(arena: Arena) -> None:
    openids = list[str]()
    for number in range(60):
        openids += arena.send(1)
        time.sleep(0.03)
        if number == 20:
            arena.app.end()
            arena.app.start()
    arena.wait_for_answers(openids)  # what found nobody at the door came again
    assert arena.settle() == {"sent": 60}
    assert_answered_once(arena, openids)


@pytest.mark.timeout(400)
def test_burst_of_2000_messages_of_400_followers(arena: Arena) -> None:
    started = time.monotonic()
    openids = arena.send(FOLLOWERS)
    for _ in range(BURST // FOLLOWERS - 1):
        for openid in openids:
            arena.send_again(openid)
    until(lambda: len(arena.deliveries()) == BURST, 180)
    carried = time.monotonic() - started
    until(lambda: arena.outcomes() == {"sent": BURST}, 180)
    drained = time.monotonic() - started
    assert [len(arena.read(openid)) for openid in openids] == [BURST // FOLLOWERS] * FOLLOWERS
    *_, p99 = statistics.quantiles([each["ms"] for each in arena.deliveries()], n=100)
    arena.figures = (
        f"Delivered within {carried:.0f} s, the webhook's 99th percentile {p99:.0f} ms; "
        f"all answered after {drained:.0f} s."
    )
