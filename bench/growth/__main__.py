"""`python -m bench.growth`: what a message costs as all around it grows.

More messages wait, there are more followers, connections and models, and larger pictures.

In CPU time and Redis commands, which a busy machine changes less than it does the clock.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable, Mapping

import redis

import app.limits
from bench import command, database
from bench.database import count
from bench.growth import crowd, servers
from bench.harness import Contestant, Race, race
from bench.in_process import Webhook
from bench.machine import machine
from bench.report import Aim, Column, Report
from bench.serving import picture as serving_picture
from bench.webhook.trial import push
from contract.follower import Followers
from launch.supervisor import say
from simulator.demo import account_settings
from worker.picture import prepare

_ROUNDS, _REQUESTS, _WARM = 3, 250, 250
_QUEUES = (10, 1_000, 10_000, 100_000)
_FOLLOWERS = (10, 1_000, 10_000, 100_000)
_PICTURES = {
    "20 KB": (480, 360),
    "180 KB": (1440, 1080),
    "2 MB": (4032, 3024),
    "10 MB": (8000, 6000),
}
_ONE_ASKED = f"{servers.MODELS[-1]} models, one of them asked"
_FLAT = 0.1
_CPU = Column(metric="cpu", title="CPU µs", ranged=True)
_COLUMNS = (
    _CPU,
    Column(metric="commands", title="Redis commands", digits=1),
    Column(metric="bytes", title="bytes in Redis a follower"),
)


def main() -> int:
    """Measure, and write bench/results/growth.*; return 0, or 1 where something failed."""
    parser = command.parser("bench.growth", rounds=_ROUNDS)
    parser.add_argument("--followers", type=int, default=0, help="one level more, such as 1000000")
    chosen = parser.parse_args()

    def measure() -> Report:
        with database.database() as port:
            return _measure(_Growth(port), port, chosen)

    return command.publish(measure, keep=chosen.rounds >= _ROUNDS)


def _measure(growth: _Growth, port: int, chosen: argparse.Namespace) -> Report:
    more = (chosen.followers,) if chosen.followers else ()
    levels: list[tuple[str, Callable[[], Mapping[str, float]]]] = [
        *(
            (_many(size, "message waiting"), functools.partial(growth.queue, size))
            for size in _QUEUES
        ),
        *(
            (_many(size, "follower"), functools.partial(growth.followers, size))
            for size in (*_FOLLOWERS, *more)
        ),
        *(
            (_many(size, "connection"), functools.partial(servers.clients, port, size))
            for size in servers.CLIENTS
        ),
        *(
            (_many(size, "model"), functools.partial(servers.models, size, size))
            for size in servers.MODELS
        ),
        (_ONE_ASKED, functools.partial(servers.models, servers.MODELS[-1], 1)),
        *(
            (f"worker: picture of {name}", functools.partial(_picture, *size, name))
            for name, size in _PICTURES.items()
        ),
    ]
    contestants = [Contestant(name=title, title=title, run=run) for title, run in levels]
    app.limits.LONGEST_QUEUE = 10**9  # else the webhook says that it is long
    measured = race(contestants, chosen.rounds, say)
    return Report(
        name="growth", race=measured, contestants=contestants, columns=_COLUMNS,
        pictured=(_CPU,), aims=_aims(measured), facts=machine(),
    )  # fmt: skip


def _aims(measured: Race) -> list[Aim]:
    growing = {
        "message waiting": _QUEUES,
        "follower": _FOLLOWERS,
        "connection": servers.CLIENTS,
        "model": servers.MODELS,
    }
    pairs = [(_many(sizes[-1], what), _many(sizes[0], what)) for what, sizes in growing.items()]
    aims = list[Aim]()
    for large, small in pairs:
        text = f"{large}: cost within 10 % of that with {small}"
        found = measured.ratio("cpu", large, small)
        met = found is not None and abs(found.median - 1) <= _FLAT
        unclear = found is not None and found.high - found.low > 2 * _FLAT
        aims.append(Aim(text=text, found=found, met=met, unclear=unclear))
    return aims


def _many(size: int, what: str) -> str:
    """Return so many of them in words."""
    noun, _, rest = what.partition(" ")
    return " ".join(filter(None, [f"{size:,}", noun if size == 1 else f"{noun}s", rest]))


class _Growth:
    """The webhook in this process, on a Redis that is filled."""

    def __init__(self, port: int) -> None:
        self._redis = redis.Redis(port=port)
        self._webhook = Webhook(account_settings({"redis": port, "serving": 9, "simulator": 9}))

    def queue(self, size: int) -> Mapping[str, float]:
        """Measure while so many messages wait."""
        self._redis.flushall()
        for first in range(0, size, 10_000):
            self._redis.rpush("rq:queue:pictures", *range(first, min(first + 10_000, size)))
        return self._cost()

    def followers(self, size: int) -> Mapping[str, float]:
        """Measure with so many followers known."""
        self._redis.flushall()
        self._webhook.take([10**6])
        openid = push(self._webhook.account, 10**6)["FromUserName"]
        alias = Followers(self._webhook.settings, self._redis).alias(openid)
        return {"bytes": crowd.fill(self._redis, alias, size), **self._cost()}

    def _cost(self) -> Mapping[str, float]:
        self._webhook.take(range(_WARM))
        prepared = [self._webhook.environ(number) for number in range(_WARM, _WARM + _REQUESTS)]
        before, used = count(self._redis), time.process_time()
        for environ in prepared:
            self._webhook.answer(environ)
        used, after = time.process_time() - used, count(self._redis)
        return {
            "cpu": 1e6 * used / _REQUESTS,
            "commands": (after.commands - before.commands) / _REQUESTS,
        }


@functools.cache
def _file(width: int, height: int, most: int) -> bytes:
    return serving_picture.jpeg(width, height, most)


def _picture(width: int, height: int, name: str) -> Mapping[str, float]:
    """Measure what the worker does to a picture before a model sees it."""
    number, unit = name.split()
    data = _file(width, height, int(number) * {"KB": 10**3, "MB": 10**6}[unit])
    used, times = time.process_time(), 3
    for _ in range(times):
        prepare(data, 256)
    return {"cpu": 1e6 * (time.process_time() - used) / times}


if __name__ == "__main__":
    sys.exit(main())
