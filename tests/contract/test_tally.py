"""contract.tally"""

from __future__ import annotations

import itertools
import time

import pytest
import redis

from contract import tally
from contract.tally import DAY, HOUR, History, bucket, edge, percentile, together

STEPS = {"queue": 0.004, "fetch": 0.1, "prepare": 0.01, "model": 0.03, "turn": 0.001, "send": 0.2}


def count(connection: redis.Redis, now: float, outcome: str = "sent") -> None:
    with connection.pipeline(transaction=False) as pipeline:
        tally.count_message(pipeline, "job", outcome, STEPS, now)
        pipeline.execute()


def test_message_is_counted_by_the_minute_and_by_the_quarter(connection: redis.Redis) -> None:
    now = 1_795_393_565.0
    count(connection, now)
    count(connection, now - 60)
    count(connection, now, "apologised")
    history = History(connection)
    *_, before, last = history.read(HOUR, now)
    assert (before.of("outcome"), last.of("outcome")) == ({"sent": 1}, {"sent": 1, "apologised": 1})
    assert last.began == now // 60 * 60
    *_, quarter = history.read(DAY, now)
    assert quarter.of("outcome") == {"sent": 2, "apologised": 1}
    assert quarter.of("media") == {str(bucket(0.11)): 3}
    assert quarter.of("send") == {str(bucket(0.201)): 3}
    assert quarter.of("whole") == {str(bucket(0.345)): 3}


def test_spans_are_whole_also_where_nothing_was(connection: redis.Redis) -> None:
    now = time.time()
    tallies = History(connection).read(HOUR, now)
    assert [each.counts for each in tallies] == [{}] * 60
    assert [b.began - a.began for a, b in itertools.pairwise(tallies)] == [60] * 59


def test_tallies_go_by_themselves(connection: redis.Redis) -> None:
    count(connection, time.time())
    tally.note_queue(connection, 1, 0.5, time.time())
    lives = [connection.ttl(key) for key in connection.scan_iter("kantu:tally:*")]
    assert len(lives) == 2
    assert all(0 < life <= 25 * 3600 for life in lives)


def test_counting_costs_one_trip_and_three_commands(connection: redis.Redis) -> None:
    count(connection, time.time())
    connection.config_resetstat()
    count(connection, time.time())
    stats = connection.info("commandstats")
    outside = {"cmdstat_eval", "cmdstat_lpush", "cmdstat_ltrim"}
    assert [stats[each]["calls"] for each in sorted(outside)] == [1, 1, 1]
    inside = {"cmdstat_hincrby": 12, "cmdstat_expire": 2}  # of the script, for both tallies
    assert {each: stats[each]["calls"] for each in inside} == inside


def test_room_is_bounded(connection: redis.Redis) -> None:
    now = time.time()
    for number in range(60):
        steps = dict.fromkeys(STEPS, 1.7 ** (number - 30))
        tally.count_message(connection, str(number), "sent", steps, now)
    (key, *_) = sorted(connection.scan_iter("kantu:tally:60:*"))
    assert len(connection.hgetall(key)) <= 5 * 41 + 10
    for number in range(60):
        tally.count_message(connection, str(number), "sent", STEPS, now)
    assert tally.recent(connection, 1000) == [str(number) for number in range(59, -1, -1)] + [
        str(number) for number in range(59, 19, -1)
    ]


def test_most_that_waited_is_kept(connection: redis.Redis) -> None:
    now = time.time()
    for waiting, oldest in ((2, 0.1), (31, 7.2), (4, 1.0)):
        tally.note_queue(connection, waiting, oldest, now)
    *_, last = History(connection).read(HOUR, now)
    assert (last.counts["waiting"], last.counts["oldest"]) == (31, 8)


def test_what_is_over_is_asked_for_once(connection: redis.Redis) -> None:
    now, history = time.time(), History(connection)
    history.read(HOUR, now)
    connection.config_resetstat()
    history.read(HOUR, now)
    assert connection.info("commandstats")["cmdstat_hgetall"]["calls"] == 2
    count(connection, now - 60)  # one that was noted late
    *_, before, _ = history.read(HOUR, now)
    assert before.of("outcome") == {"sent": 1}
    assert len(history.read(HOUR, now + 3600)) == 60


@pytest.mark.parametrize("seconds", [0.0, 0.0005, 0.001, 0.0011, 0.1, 1.0, 59.0, 300.0])
def test_bucket_is_the_first_that_has_room(seconds: float) -> None:
    number = bucket(seconds)
    assert seconds <= edge(number) * (1 + 1e-6)
    assert number == 0 or seconds > edge(number - 1) * (1 - 1e-6)


def test_longest_time_has_a_bucket() -> None:
    assert bucket(1e9) == bucket(1e6) == 40


def test_percentiles_are_right_to_a_fifth() -> None:
    times = [0.001 * number for number in range(1, 1001)]
    counts: dict[str, int] = {}
    for each in times:
        name = str(bucket(each))
        counts[name] = counts.get(name, 0) + 1
    found = [percentile(counts, share) for share in (0.5, 0.95, 0.99)]
    assert found == [pytest.approx(each, rel=0.2) for each in (0.5, 0.95, 0.99)]
    assert percentile({}, 0.5) is None


def test_families_add_up() -> None:
    tallies = [
        tally.Tally(began=0, counts={"error:A": 1, "error:B": 2, "outcome:sent": 9}),
        tally.Tally(began=60, counts={"error:A": 4}),
    ]
    assert together(tallies, "error") == {"A": 5, "B": 2}
