"""A picture in, an answer out: the main job on real input."""

from __future__ import annotations

import concurrent.futures
import time
from collections import Counter

import numpy as np
import pytest
import redis
import requests
from PIL import Image

from app.crypto import sign
from contract.follower import Followers
from labels import phrase
from serving.train import digits
from simulator.demo import Demo
from tests.conftest import encode, make_settings, until
from tests.end_to_end.conftest import Log, Phone, new_phone


def test_follower_is_greeted(phone: Phone) -> None:
    assert phone.events("answer")[0]["text"] == phrase("zh", "subscribed")


@pytest.mark.parametrize(
    ("sample", "answer"),
    [
        ("1-digit-3", "数字 3"),
        ("2-digit-8", "数字 8"),
        ("3-digit-5", "数字 5"),
        ("6-cat", "别的东西，不是数字也不是几何图形"),
        ("8-page", "别的东西，不是数字也不是几何图形"),
    ],
)
def test_picture_is_answered(
    phone: Phone, samples: dict[str, bytes], sample: str, answer: str
) -> None:
    message = phone.send_picture(samples[sample])
    (said,) = phone.wait_for(1)
    assert said.startswith("让我猜猜")
    assert said.endswith(answer)
    trace = phone.trace(message)
    assert (trace["outcome"], trace["model"]) == ("sent", "demo")
    assert [event["status"] for event in phone.events("delivery")] == [200, 200]


def test_answer_is_in_the_language_the_follower_writes(
    phone: Phone, samples: dict[str, bytes]
) -> None:
    phone.send_text("hello")
    phone.wait_for(1)
    phone.send_picture(samples["1-digit-3"])
    hint, said = phone.wait_for(2)
    assert hint == phrase("en", "invitation")
    assert said.endswith("the digit 3")


def test_message_delivered_three_times_at_once_is_answered_once(
    phone: Phone, samples: dict[str, bytes]
) -> None:
    phone.send_picture(samples["1-digit-3"], copies=3)
    phone.wait_for(1)
    until(lambda: len(phone.events("delivery")) == 4)
    time.sleep(1)  # for answers that should not come
    assert len(phone.answers()) == 1
    assert phone.events("outage") == []


def test_fifty_different_pictures_are_all_answered(demo: Demo) -> None:
    scans, values = digits.split("test")
    rng = np.random.default_rng(1)
    pictures = [encode(digits.draw(rng, scan)) for scan in scans[:50]]
    phones = [new_phone(demo) for _ in range(50)]
    with concurrent.futures.ThreadPoolExecutor(10) as threads:
        list(threads.map(Phone.send_picture, phones, pictures))
        said = list(threads.map(lambda phone: phone.wait_for(1, 60), phones))
    assert [len(each) for each in said] == [1] * 50
    right = [
        answer[0].endswith(f"数字 {value}") for answer, value in zip(said, values, strict=False)
    ]
    assert sum(right) >= 45


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        pytest.param(b"", "not_a_picture", id="empty file"),
        pytest.param(b"just text", "not_a_picture", id="no picture"),
        pytest.param(encode(Image.effect_noise((500, 500), 90))[:9000], "picture_broken", id="cut"),
        pytest.param(encode(Image.new("L", (9000, 9000)), "PNG"), "picture_too_large", id="bomb"),
    ],
)
def test_bad_picture_gets_its_kind_sentence(
    phone: Phone, picture: bytes, sentence: str, samples: dict[str, bytes]
) -> None:
    phone.send_picture(picture)
    assert phone.wait_for(1) == [phrase("zh", sentence)]
    phone.send_picture(samples["1-digit-3"])  # the worker lives
    assert phone.wait_for(2)[1].endswith("数字 3")


@pytest.mark.parametrize("kind", ["voice", "video", "location", "link"])
def test_other_messages_get_a_kind_answer(phone: Phone, kind: str) -> None:
    phone.send_other(kind)
    assert phone.wait_for(1) == [phrase("zh", "unsupported")]


def test_nothing_about_a_follower_is_left_when_they_leave(
    demo: Demo, phone: Phone, samples: dict[str, bytes]
) -> None:
    connection = redis.Redis(port=demo.ports["redis"])
    followers = Followers(make_settings(wechat_token=demo.environment["WECHAT_TOKEN"]), connection)
    phone.send_text("hello")
    phone.send_picture(samples["1-digit-3"])
    phone.wait_for(2)
    about = f"kantu:*:{followers.alias(phone.openid)}*"
    assert len(list(connection.scan_iter(about))) >= 3  # album, language, turns
    requests.post(f"{phone.url}/chat/{phone.openid}/unfollow", timeout=5)
    # For two days it is known that they have left, so that no late reply is kept.
    left = f"kantu:left:{followers.alias(phone.openid)}".encode()
    until(lambda: list(connection.scan_iter(about)) == [left])
    connection.close()


def test_stranger_is_refused_and_leaves_no_job(demo: Demo) -> None:
    url = f"http://127.0.0.1:{demo.ports['app']}/wechat"
    now = str(int(time.time()))
    token = demo.environment["WECHAT_TOKEN"]
    good = {"signature": sign(token, now, "1"), "timestamp": now, "nonce": "1"}
    plain = b"<xml><ToUserName>gh_1</ToUserName></xml>"
    statuses: Counter[int] = Counter()
    for query, body in (
        ({}, plain),
        ({**good, "signature": "0" * 40}, plain),
        ({**good, "timestamp": str(int(now) - 301)}, plain),
        (good, plain),  # plaintext in safe mode
        ({**good, "encrypt_type": "aes", "msg_signature": "0" * 40}, plain),
    ):
        response = requests.post(url, params=query, data=body, timeout=5)
        statuses[response.status_code] += 1
        assert response.content == b""
    assert statuses == {403: 5}
    assert requests.post(url, params=good, data=bytes(10**8), timeout=20).status_code == 413


def test_logs_show_neither_secrets_nor_followers(
    demo: Demo, phone: Phone, samples: dict[str, bytes], log: Log
) -> None:
    message = phone.send_picture(samples["1-digit-3"])
    phone.wait_for(1)
    logged = "".join(log(name) for name in ("app", "worker", "serving", "redis"))
    assert phone.trace(message)["job"] in logged
    names = ("WECHAT_TOKEN", "WECHAT_APP_ID", "WECHAT_APP_SECRET", "WECHAT_AES_KEY")
    secrets = [demo.environment[name] for name in names]
    hidden = [*secrets, phone.openid, "access_token"]
    assert [secret for secret in hidden if secret in logged] == []
