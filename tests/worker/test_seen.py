"""worker.seen"""

from __future__ import annotations

import pytest
import redis

from contract.connection import connect
from launch.supervisor import free_port
from tests.conftest import make_settings
from worker.ranking import Ranking
from worker.seen import Seen

RANKING = Ranking(best=[(3, 0.96), (8, 0.01)], classes=12)
KEY = Seen.key("demo", "1", b"picture")


@pytest.fixture
def seen(connection: redis.Redis) -> Seen:
    return Seen(connection)


def test_what_was_said_is_known_for_ten_minutes(seen: Seen, connection: redis.Redis) -> None:
    seen.keep(KEY, RANKING)
    assert seen.look_up(KEY, "beside") == (RANKING, None)
    assert 590 < connection.ttl(KEY) <= 600


def test_what_stands_beside_comes_along(seen: Seen, connection: redis.Redis) -> None:
    connection.set("beside", 3)
    assert seen.look_up(KEY, "beside") == (None, b"3")


def test_other_picture_model_or_version_is_another_question(seen: Seen) -> None:
    others = {
        Seen.key("demo", "1", b"picture2"),
        Seen.key("demo", "2", b"picture"),
        Seen.key("other", "1", b"picture"),
    }
    assert len(others | {KEY}) == 4


def test_picture_is_not_kept(seen: Seen, connection: redis.Redis) -> None:
    seen.keep(KEY, RANKING)
    (key,) = connection.scan_iter()
    assert connection.get(key) == b"[12, [[3, 0.96], [8, 0.01]]]"
    assert b"picture" not in key


@pytest.mark.parametrize("text", ["", "x", "null", "[]", "[1]", "[12, [[1]]]", '{"a": 1}'])
def test_what_another_release_kept_is_not_read(
    seen: Seen, connection: redis.Redis, text: str
) -> None:
    connection.set(KEY, text)
    assert seen.look_up(KEY, "beside") == (None, None)


def test_answer_is_not_lost_where_it_cannot_be_kept() -> None:
    Seen(connect(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))).keep(KEY, RANKING)
