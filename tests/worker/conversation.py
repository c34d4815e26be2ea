"""Conversations through the queue: a drawing, what is said about it, and who works it off."""

from __future__ import annotations

import pytest
from PIL import Image

from contract.job import picture_queue
from tests.conftest import WeChatServer, encode
from worker.__main__ import make_worker
from worker.services import SERVICES, Services

DRAWING = encode(Image.new("RGB", (64, 32), "white"))  # to the tests' model: a circle, two squares
SCENE = "图里有 3 个图形：1 个红色的圆形、2 个蓝色的正方形。"
ASKED = "You asked: "
WEATHER = "今天天气怎么样"  # which our model does not know
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def menu(wechat_server: WeChatServer) -> list[str]:
    """Return the lines below the last answer."""
    menus = [each for each in wechat_server.account.transcript.since(0) if each["kind"] == "menu"]
    return [line["content"] for line in menus[-1]["lines"]]


def run(services: Services) -> None:
    """Work off what is queued."""
    token = SERVICES.set(services)
    queue = picture_queue(services.album._redis)
    make_worker(queue, services).work(burst=True, logging_level="WARNING")
    SERVICES.reset(token)
