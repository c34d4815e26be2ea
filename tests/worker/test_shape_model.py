"""worker.shape_model, against the embedded model server and liars."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis
from PIL import Image

from tests.chaos.models import scene as described
from tests.conftest import encode
from tests.worker.odd_server import answer, odd_server, running, says
from worker.breaker import Breaker
from worker.errors import ModelUnavailable
from worker.model_server import ModelServer
from worker.shape_model import ShapeModel

Make = Callable[[str], ShapeModel]
WIDE = encode(Image.new("RGB", (64, 32), "white"))


@pytest.fixture
def model(connection: redis.Redis) -> Make:
    """Return the model of one process."""
    return lambda url: ShapeModel(ModelServer(url), "answerer", Breaker(connection, "answerer"))


def test_question_is_answered(model: Make, serving_url: str, jpeg: bytes) -> None:
    assert model(serving_url).ask(jpeg, "图里有几个圆？") == "You asked: 图里有几个圆？"


def test_question_stands_below_those_it_leans_on(
    model: Make, serving_url: str, jpeg: bytes
) -> None:
    earlier = ["最大的是\n什么颜色？", "那它左边呢？"]
    said = model(serving_url).ask(jpeg, "绿色的\r\n呢？", earlier)
    assert said == "You asked: 最大的是 什么颜色？ / 那它左边呢？ / 绿色的 呢？"


def test_question_that_the_model_does_not_know_is_not_answered(
    model: Make, serving_url: str, jpeg: bytes
) -> None:
    assert model(serving_url).ask(jpeg, "今天天气怎么样") is None


def test_drawing_is_described(model: Make, serving_url: str, jpeg: bytes) -> None:
    (red, *blue) = model(serving_url).describe(WIDE)
    assert (red.colour, red.shape, len(blue)) == ("red", "circle", 2)
    assert model(serving_url).describe(jpeg) == []


SURE = {"answer": "red", "answer_id": 7, "in_domain": 0.9, "confidence": 0.8, "family": "color_of"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "red"),
        ({"in_domain": 0.5, "confidence": 0.5}, "red"),
        ({"in_domain": 0.49}, None),
        ({"confidence": 0.49}, None),
        ({"answer_id": 0}, None),
        ({"in_domain": False}, None),
        ({"answer": " "}, None),
        ({"answer": "red \ud83d"}, "red"),  # half a character
    ],
)
def test_only_who_is_sure_answers(
    model: Make, changes: dict[str, object], said: str | None
) -> None:
    with odd_server(says({"predictions": [SURE | changes]})) as url:
        assert model(url).ask(b"picture", "what colour?") == said


@pytest.mark.parametrize(
    "prediction",
    [None, 3, [], ["red"], {}, {"answer": 3}, {"answer": None}, {"answer": ["red"]},
     SURE | {"confidence": "high"}, SURE | {"in_domain": float("nan")}],
)  # fmt: skip
def test_answer_that_is_no_text_is_unavailable(model: Make, prediction: object) -> None:
    with (
        odd_server(says({"predictions": [prediction]})) as url,
        pytest.raises(ModelUnavailable),
    ):
        model(url).ask(b"picture", "what colour?")


def test_question_is_always_asked(model: Make) -> None:
    with running(says({"predictions": [SURE]})) as server:
        for _ in range(2):
            assert model(server.url).ask(b"picture", "what colour?") == "red"
    assert len(server.paths) == 2
    assert json.loads(server.bodies[0])["instances"][0]["question"] == "what colour?"


@pytest.mark.parametrize(
    "respond", [answer(404, b"{}"), answer(500, b""), says({"predictions": [{"x": 1}]})]
)
def test_model_that_cannot_describe_is_left_alone_for_a_while(
    model: Make, respond: Callable[..., None]
) -> None:
    with running(respond) as server:
        ours = model(server.url)
        assert [list(ours.describe(b"picture")) for _ in range(3)] == [[], [], []]
    assert len(server.paths) == 1


def test_picture_is_described_by_its_own_name(model: Make) -> None:
    with running(says({"predictions": [described()]})) as server:
        assert model(server.url).describe(b"picture") == []
    body = json.loads(server.bodies[0])
    assert body == {"signature_name": "describe", "instances": [{"b64": "cGljdHVyZQ=="}]}
