"""worker.outline"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.conftest import encode
from worker.outline import draw
from worker.scene import Thing

RED = Thing(colour="red", shape="circle", box=(0.25, 0.25, 0.75, 0.75))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("L")


@pytest.mark.parametrize("ground", ["white", "black", "grey"])
def test_frame_can_be_seen_around_the_thing_on_any_ground(ground: str) -> None:
    before = encode(Image.new("RGB", (400, 200), ground))
    drawn = opened(draw(before, [RED]))
    assert drawn.size == (400, 200)
    row = [drawn.getpixel((x, 100)) for x in range(80, 120)]
    assert min(row) < 60  # type: ignore[type-var, operator]  # a mode of one channel
    assert max(row) > 190  # type: ignore[type-var, operator]
    assert abs(drawn.getpixel((200, 100)) - opened(before).getpixel((200, 100))) < 8  # type: ignore[operator]


@pytest.mark.parametrize("size", [(8, 8), (1280, 2), (2, 1280), (1280, 1280)])
def test_thing_of_any_size_can_be_framed(size: tuple[int, int]) -> None:
    tiny = Thing(colour="red", shape="circle", box=(0.0, 0.999, 0.001, 1.0))
    data = encode(Image.new("RGB", size, "white"))
    assert opened(draw(data, [RED, tiny])).size == size
