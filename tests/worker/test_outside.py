"""worker.job where WeChat's API refuses a picture, and where a picture is seen again."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from contract.job import ImageJob, enqueue, picture_queue
from simulator.errors import ApiError
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import APP_ID, WeChatServer
from tests.worker.conftest import OPENID, Send
from tests.worker.odd_server import OddServer, answer, running
from worker.download import PublicWeb
from worker.model_server import ModelServer
from worker.services import Services
from worker.wechat import LARGEST_PICTURE

Work = Callable[[], None]


@pytest.fixture
def web(services: Services, samples: dict[str, bytes]) -> Iterator[OddServer]:
    """The host of PicUrls."""
    with running(answer(200, samples["1-digit-3"])) as server:
        address = ("127.0.0.1", server.port)
        services.wechat._web = PublicWeb(
            ["qpic.cn"], LARGEST_PICTURE, lambda *_: socket.create_connection(address)
        )
        yield server


def test_picture_is_answered_though_the_api_s_quota_is_used_up(
    work: Work,
    web: OddServer,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_media_id: str) -> None:
        raise ApiError(45009)

    monkeypatch.setattr(wechat_server.account.media, "get", refuse)
    follower = Follower(openid=OPENID)
    follower.allow(MESSAGE_ALLOWS, wechat_server.account.clock.now())
    wechat_server.account.followers[OPENID] = follower
    job = ImageJob(
        follower=OPENID, message_id="1", created=1, received=1, language="zh",
        media_id="media", picture_url="http://mmbiz.qpic.cn/mmbiz_jpg/abc/0",
    )  # fmt: skip
    enqueue(picture_queue(connection), job, 60)
    enqueue(picture_queue(connection), dataclasses.replace(job, message_id="2"), 60)
    work()
    assert [text[-1] for text in wechat_server.texts()] == ["3", "3"]
    assert len(web.paths) == 2
    assert connection.ttl(f"kantu:wechat:{APP_ID}:pause:media") > 0


def test_picture_that_was_seen_is_answered_without_the_classifier(
    work: Work,
    send: Send,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predict, asked = ModelServer.predict, list[str]()

    def count(server: ModelServer, model: str, *arguments: Any) -> Any:
        asked.append(model)
        return predict(server, model, *arguments)

    monkeypatch.setattr(ModelServer, "predict", count)
    send(samples["1-digit-3"])
    work()
    send(samples["1-digit-3"], number=2)
    work()
    assert len(wechat_server.texts()) == 2
    assert asked.count("demo") == 1
