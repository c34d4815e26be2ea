"""WeChat does not give the picture, or gives something else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from labels import phrase
from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.test_killed import assert_answered_once
from tests.conftest import until
from tests.worker.odd_server import Respond, answer, running

pytestmark = pytest.mark.chaos


@contextlib.contextmanager
def pictures_at(arena: Arena, respond: Respond) -> Iterator[list[str]]:
    """Have every PicUrl lead to a server of the test; give the paths that it was asked for."""
    with running(respond) as server:
        arena.worker.end()
        arena.worker.command = [sys.executable, "-m", "tests.chaos.near", str(server.port)]
        arena.worker.start()
        until(arena.worker.ready)
        yield server.paths


def refuse(errcode: int) -> Any:
    """Return what answers every call with that errcode, and HTTP 200."""

    def refused(*_: object) -> None:
        raise ApiError(errcode)

    return refused


@pytest.mark.parametrize("errcode", [40007, 45009])
def test_media_that_wechat_will_not_give_comes_from_its_picurl(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, samples: dict[str, bytes], errcode: int
) -> None:
    monkeypatch.setattr(arena.account.media, "get", refuse(errcode))
    with pictures_at(arena, answer(200, samples["1-digit-3"])) as paths:
        openids = arena.send(3)
        arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 3}
    assert_answered_once(arena, openids)
    assert paths == ["/x/0"] * 3


def test_picture_that_neither_wechat_nor_its_picurl_gives(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arena.account.media, "get", refuse(40007))
    with pictures_at(arena, answer(404, b"")):
        openids = arena.send(2)
        openids += arena.send(1, url="http://pictures.example/x")  # not a host that is asked
        arena.wait_for_answers(openids)
    assert [arena.read(each) for each in openids] == [[phrase("zh", "picture_expired")]] * 3
    assert arena.settle() == {"apologised": 3}


def test_error_of_wechat_in_place_of_a_picture(arena: Arena) -> None:
    said = b'{"errcode": 40007, "errmsg": "invalid media_id"}'  # with HTTP 200, as WeChat does
    openids = arena.send(2, picture=said, url="")
    arena.wait_for_answers(openids)
    assert [arena.read(each) for each in openids] == [[phrase("zh", "picture_expired")]] * 2
    assert arena.models.asked == 0
    assert arena.settle() == {"apologised": 2}


def test_pictures_of_50_mb_cut_off_and_of_another_kind(
    arena: Arena, samples: dict[str, bytes]
) -> None:
    sentences = {
        "picture_too_large": bytes(50 * 1024 * 1024),
        "picture_broken": samples["1-digit-3"][:2000],
        "not_a_picture": b"%PDF-1.7 and so on",
    }
    openids = [arena.send(1, picture=data, url="")[0] for data in sentences.values()]
    arena.wait_for_answers(openids)
    found = [arena.read(each) for each in openids]
    assert found == [[phrase("zh", sentence)] for sentence in sentences]
    assert arena.settle() == {"apologised": 3}
    later = arena.send(2)
    arena.wait_for_answers(later)
    assert_answered_once(arena, later)


def test_picture_that_drips_in_for_ever_is_given_up_and_asked_for_again(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    get, calls = arena.account.media.get, list[str]()

    def drip(data: bytes) -> Iterator[bytes]:
        for byte in data:
            yield bytes([byte])
            time.sleep(1)

    def first_one_drips(media_id: str) -> Any:
        calls.append(media_id)
        return drip(get(media_id)) if len(calls) == 1 else get(media_id)

    monkeypatch.setattr(arena.account.media, "get", first_one_drips)
    monkeypatch.setattr("simulator.api.content_type", lambda _data: "image/jpeg")
    openids = arena.send(3)
    assert arena.wait_for_answers(openids) < 45
    assert arena.settle() == {"sent": 3}
    assert_answered_once(arena, openids)
    assert len(calls) == 4
