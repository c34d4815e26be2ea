"""worker.answerer: who is asked, and what becomes of what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from prometheus_client import REGISTRY

from contract.talk import Exchange
from launch.supervisor import free_port
from tests.conftest import make_settings
from tests.worker.eyes import KEY, MODEL, Eyes, seeing
from tests.worker.odd_server import answer, odd_server, says
from worker.answerer import Answer, Answerer, Source, count
from worker.breaker import Breaker
from worker.endpoint import Endpoint
from worker.errors import EndpointUnavailable, ModelUnavailable
from worker.model_server import ModelServer
from worker.moderation import DenyList
from worker.shape_model import ShapeModel

WEATHER = "今天天气怎么样"  # which our model does not know
AWAY = f"http://127.0.0.1:{free_port()}"
Make = Callable[..., Answerer]
EARLIER = [
    Exchange(picture="p", question=f"问题 {number}", answer="…", asked=1.0) for number in range(5)
]


@pytest.fixture
def answerer(connection: redis.Redis, serving_url: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return the chain: our model, an endpoint, a deny-list; each may be left out."""
    monkeypatch.setattr("worker.endpoint._PAUSE", 0.01)

    def make(ours: str | None = serving_url, other: str = "", denied: str = "") -> Answerer:
        settings = make_settings(vqa_endpoint=other, vqa_endpoint_model=MODEL, vqa_endpoint_key=KEY)
        breaker = Breaker(connection, "vqa")
        return Answerer(
            ShapeModel(ModelServer(ours), "answerer", breaker) if ours else None,
            Endpoint(settings, Breaker(connection, "endpoint")) if other else None,
            DenyList(denied).allows,
        )

    return make


@pytest.fixture
def eyes() -> Iterator[tuple[Eyes, str]]:
    with seeing(lambda _: "一只白猫。") as (eyes, server):
        yield eyes, server.url


def test_our_model_answers_first(answerer: Make, jpeg: bytes, eyes: tuple[Eyes, str]) -> None:
    found = answerer(other=eyes[1]).ask(jpeg, "有几个圆？", EARLIER)
    lines = " / ".join([*(each.question for each in EARLIER[-3:]), "有几个圆？"])
    assert found == Answer(source=Source.MODEL, text=f"You asked: {lines}")
    assert eyes[0].asked == []


def test_endpoint_is_asked_what_our_model_does_not_know(
    answerer: Make, jpeg: bytes, eyes: tuple[Eyes, str]
) -> None:
    assert answerer(other=eyes[1]).ask(jpeg, WEATHER) == Answer(
        source=Source.ENDPOINT, text="一只白猫。"
    )
    assert answerer(ours=None, other=eyes[1]).ask(jpeg, "有几个圆？").source is Source.ENDPOINT


def test_nobody_knows_where_there_is_no_endpoint(answerer: Make, jpeg: bytes) -> None:
    found = answerer().ask(jpeg, WEATHER)
    assert (found.source, found.is_known) == (Source.NOBODY, False)
    assert answerer(ours=None).ask(jpeg, "有几个圆？").source is Source.NOBODY


def test_endpoint_stands_in_where_our_model_is_away(
    answerer: Make, jpeg: bytes, eyes: tuple[Eyes, str]
) -> None:
    assert answerer(ours=AWAY, other=eyes[1]).ask(jpeg, "有几个圆？").text == "一只白猫。"
    with pytest.raises(ModelUnavailable):
        answerer(ours=AWAY).ask(jpeg, "有几个圆？")


def test_endpoint_that_says_nothing_is_nobody(answerer: Make, jpeg: bytes) -> None:
    with seeing(lambda _: "https://evil.com") as (_, server):
        assert answerer(other=server.url).ask(jpeg, WEATHER) == Answer(source=Source.NOBODY)


def test_what_may_not_be_said_is_withheld(
    answerer: Make, jpeg: bytes, eyes: tuple[Eyes, str]
) -> None:
    found = answerer(other=eyes[1], denied="白猫").ask(jpeg, WEATHER)
    assert found == Answer(source=Source.WITHHELD)


def test_our_own_words_need_no_moderation(answerer: Make, jpeg: bytes) -> None:
    assert answerer(denied="You asked").ask(jpeg, "有几个圆？").is_known


@pytest.mark.parametrize("respond", [says({}, 500), says({}, 401), answer(200, b"<html>")])
def test_endpoint_that_fails_is_told_and_not_tried_all_over(
    answerer: Make, jpeg: bytes, respond: Any
) -> None:
    with odd_server(respond) as url, pytest.raises(EndpointUnavailable) as caught:
        answerer(other=url).ask(jpeg, WEATHER)
    assert not caught.value.retry


def test_answers_are_counted_by_who_gave_them() -> None:
    def told(source: Source) -> float:
        name = "kantu_worker_answers_total"
        return REGISTRY.get_sample_value(name, {"source": source}) or 0.0

    before = {each: told(each) for each in Source}
    count(Answer(source=Source.WITHHELD))
    assert {each: told(each) - before[each] for each in Source} == {
        each: float(each is Source.WITHHELD) for each in Source
    }
