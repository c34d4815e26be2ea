"""What a picture costs the worker, counted: tests/budget.toml."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import redis

from tests.budget import Cost, assert_within, in_redis, least
from tests.conftest import WeChatServer
from tests.worker.conftest import Send


def test_picture_costs_redis_and_wechat_no_more_than_allowed(
    connection: redis.Redis,
    send: Send,
    work: Callable[[], None],
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
) -> None:
    pictures = list(samples.values())
    send(pictures[0], number=1)
    work()  # fetches the token, learns what the model takes, loads the scripts
    start_and_end = in_redis(connection, work)
    costs = list[Cost]()
    for number, picture in enumerate(pictures[1:4], 2):
        send(picture, number=number)
        asked = len(wechat_server.requests)
        cost = in_redis(connection, work).less(start_and_end)
        figures = {**cost.figures, "wechat": len(wechat_server.requests) - asked}
        costs.append(dataclasses.replace(cost, figures=figures))
    assert len(wechat_server.texts()) == 4
    assert_within("worker", least(costs))
