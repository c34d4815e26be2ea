from __future__ import annotations

import pytest
import redis

from contract.bundle import Bundles


def test_commands_are_answered_in_order_as_by_redis_itself(connection: redis.Redis) -> None:
    bundle = Bundles(connection).bundle()
    bundle.set("a", "一只猫")
    bundle.zadd("b", {"x": 1.5}, nx=True)
    bundle.zscore("b", "x")
    bundle.mget("a", "nothing")
    bundle.get("nothing")
    bundle.incr("c")
    answers = bundle.execute()
    assert answers[1:] == [1, b"1.5", ["一只猫".encode(), None], None, 1]


def test_bundle_is_one_trip(connection: redis.Redis) -> None:
    bundles = Bundles(connection)

    def trips() -> int:
        before = int(connection.info("stats")["total_reads_processed"])
        bundle = bundles.bundle()
        for number in range(30):
            bundle.incr(f"n:{number}")
        bundle.execute()
        return int(connection.info("stats")["total_reads_processed"]) - before - 1

    trips()  # loads the script
    assert trips() == 1


def test_bundle_is_empty_after_it_was_sent(connection: redis.Redis) -> None:
    bundle = Bundles(connection).bundle()
    bundle.incr("n")
    assert bundle.execute() == [1]
    assert bundle.execute() == []


def test_command_that_redis_refuses_is_an_error(connection: redis.Redis) -> None:
    bundle = Bundles(connection).bundle()
    bundle.set("text", "a")
    bundle.incr("text")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        bundle.execute()
