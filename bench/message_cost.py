"""`python -m bench.message_cost`: where the CPU time for one message goes, by parts.

Each part is done by itself, on one thread of this process, with a real Redis, model server and
WeChat: microseconds of that thread, the best of many tries. The wholes are the webhook in this
process, without gunicorn, and the worker's processes while many messages wait.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import flask

import app
from app.arrival import look
from app.envelope import Envelope
from app.services import Services
from bench import process
from bench.account import MODELS, AccountAtWork
from bench.cost import process_of
from bench.door import Door
from bench.report import table
from contract.album import Snapshot
from contract.connection import connect
from contract.job import ImageJob, enqueue
from simulator.house import say
from worker import vision
from worker.__main__ import build
from worker.model_server import ModelServer
from worker.picture import prepare

_TRIES, _CALLS = 15, 30
_MANY = 150  # messages that wait, for the worker as a whole
_SHORT_SIDE = 256  # pixels, what our worker sends
_TRIPS = 19  # to Redis, beside that which keeps the picture; tests/budget.toml has RQ's as well
Call = Callable[[], object]
Parts = Sequence[tuple[str, float]]  # microseconds


def main() -> int:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = AccountAtWork(Path(folder))
        with work.working():
            say("· warming up")
            work.answered(work.send(work.prepare(40)))
            _tell("the worker, for a picture", _whole(work), _worker(work))
            process.freeze(process_of(work, "worker"))
            _tell("the webhook, for a picture", *_webhook(work.programs["app"].environment))
            process.thaw(process_of(work, "worker"))
    return 0


def _webhook(environment: Mapping[str, str]) -> tuple[float, Parts]:
    """Return what the webhook takes for a picture, and the parts of that."""
    door = Door(environment)
    services = app.build(door.settings, connect(door.settings))
    envelope = Envelope(door.settings, time.time)
    door.take(range(100))
    new = itertools.count(10**6)
    environs = iter([door.environ(next(new)) for _ in range(_TRIES * _CALLS)])
    sealed = [door.sealed(next(new)) for _ in range(_TRIES * _CALLS)]
    messages = [envelope.open(*each).message for each in sealed]
    arrivals = iter([look(each, services) for each in messages])
    unopened, unseen, floor = iter(sealed), itertools.cycle(messages), _bare(door)

    def unseal() -> None:
        query, body = next(unopened)
        envelope.check(query)
        envelope.open(query, body)

    return _micros(lambda: door.answer(next(environs))), [
        ("Flask and Werkzeug: context, route, body, answer", _micros(floor)),
        ("the envelope: signatures, XML twice, AES", _micros(unseal)),
        (
            "the look into Redis: 23 commands in a script",
            _micros(lambda: look(next(unseen), services)),
        ),
        ("RQ's job: 55 fields, a script", _micros(lambda: _queue(next(arrivals).job, services))),
        ("(both wait for Redis: a PING, twice", 2 * _micros(services.queue.connection.ping)),
    ]


def _bare(door: Door) -> Call:
    """Return a call of an app that reads what comes and says "success"."""
    bare = flask.Flask("bare", static_folder=None)

    @bare.post("/wechat")
    def receive() -> flask.Response:
        flask.request.args.lists()
        flask.request.get_data(cache=False)
        return flask.Response(b"success", content_type="text/plain; charset=utf-8")

    environs = iter([door.environ(0) for _ in range(_TRIES * _CALLS)])
    return lambda: b"".join(bare.wsgi_app(next(environs), lambda *_: lambda _data: None))


def _queue(job: ImageJob | None, services: Services) -> None:
    if job:
        enqueue(services.queue, job, services.settings.result_ttl)


def _whole(work: AccountAtWork) -> float:
    """Return what the worker's processes take for a message while many wait."""
    many, session = work.prepare(_MANY), process.session(work.programs["worker"])
    before = process.cpu(session)
    work.answered(work.send(many))
    return 1e6 * (process.cpu(session) - before) / _MANY


def _worker(work: AccountAtWork) -> Parts:
    """Return the parts of what the worker does for a picture."""
    connection = connect(work.settings)
    services = build(work.settings, connection)
    (message,) = work.prepare(1)
    follower, media = message["FromUserName"], message["MediaId"]
    work.account.followers[follower].allow((_TRIES * _CALLS, 3600), work.account.clock.now())
    picture = prepare(data := work.account.media.get(media), _SHORT_SIDE)
    server, signature = ModelServer(work.settings.serving_url), services.classifier.signature()
    snapshot = Snapshot(id="0", received=0, number=1)
    return [
        ("the picture: decode, shrink, encode", _micros(lambda: prepare(data, _SHORT_SIDE))),
        (
            "… kept in Redis",
            _micros(lambda: services.album.keep(follower, snapshot, picture.large)),
        ),
        ("WeChat: download", _micros(lambda: services.wechat.fetch_picture(media))),
        ("model: are there shapes?", _micros(lambda: services.answerer.describe(picture.small))),
        (
            "model: what is it?",
            _micros(lambda: vision.look(server, MODELS[0], signature, picture.small)),
        ),
        ("WeChat: send", _micros(lambda: services.wechat.send_text(follower, "1"))),
        (f"{_TRIPS} trips to Redis, as GET", _TRIPS * _micros(lambda: connection.get("nothing"))),
    ]


def _micros(call: Call) -> float:
    """Return the microseconds of this thread's CPU that a call takes at best."""
    tries = []
    for _ in range(_TRIES):
        began = time.thread_time()
        for _ in range(_CALLS):
            call()
        tries.append((time.thread_time() - began) / _CALLS)
    return min(tries) * 1e6


def _tell(title: str, whole: float, parts: Parts) -> None:
    known = sum(micros for name, micros in parts if not name.startswith("("))
    rows = [(title, whole), *parts, ("the rest", whole - known)]
    say("\n" + table(["", "CPU µs"], [[name, f"{micros:,.0f}"] for name, micros in rows]))


if __name__ == "__main__":
    sys.exit(main())
