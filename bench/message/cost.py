"""`python -m bench.message.cost`: where the CPU time for one picture goes, line by line.

The webhook without gunicorn, and a worker with one thread, in this process, with a real Redis,
model server and WeChat, and a stopwatch on their functions. Beside it: what the worker's own
processes take for a picture while many wait.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import process
from bench.account import AccountAtWork
from bench.in_process import Webhook
from bench.message.stopwatch import Stopwatch
from bench.report import table
from bench.scale.cost import process_of
from contract.connection import connect
from contract.job import picture_queue
from launch.supervisor import say
from worker.__main__ import build, make_worker

_WARM, _MANY = 50, 200  # messages
_COMMANDS = "redis-py: packs commands, waits for Redis"
_REDIS = {
    "redis.client:Redis.execute_command": _COMMANDS,
    "redis.client:Pipeline.execute": _COMMANDS,
}
_WEBHOOK = _REDIS | {
    "bench.in_process:Webhook.answer": "Flask and Werkzeug: context, route, answer",
    "app.envelope:Envelope.check": "envelope: signatures, XML twice, AES",
    "app.envelope:Envelope.open": "envelope: signatures, XML twice, AES",
    "app.webhook:handle": "what to do with it: kind, limits, count",
    "app.handlers:look": "the look into Redis: 23 commands, as one text",
    "app.handlers:enqueue": "RQ: makes and packs a job of 55 fields",
}
_WORKER = _REDIS | {
    "worker.pictures:prepare": "the picture: decode, shrink, encode",
    "requests:Session.request": "requests: four, with what they carry",
    "worker.pool:ThreadWorker.perform_job": "the job: what to say, steps, turns, log",
    "worker.intake:Intake.take": "RQ: begins and ends the job",
    "worker.intake:Intake.begin": "RQ: begins and ends the job",
    "worker.ending:Successes._record": "RQ: begins and ends the job",
}


def main() -> int:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = AccountAtWork(Path(folder))
        with work.working():
            say("· warming up")
            work.answered(work.send(work.prepare(_WARM)))
            whole = _processes(work)
            process.freeze(process_of(work, "worker"))
            _tell("the webhook, for a picture", _webhook(work.programs["app"].environment))
            work.redis.flushdb()
            _tell("a worker of one thread, for a picture", _worker(work))
            say(f"\n{whole:,.0f} µs by the worker's own processes while {_MANY} pictures wait.")
            process.thaw(process_of(work, "worker"))
    return 0


def _webhook(environment: Mapping[str, str]) -> Mapping[str, float]:
    webhook, stopwatch = Webhook(environment), Stopwatch()
    webhook.take(range(_WARM))
    environs = [webhook.environ(number) for number in range(_WARM, _WARM + _MANY)]
    with stopwatch.watching(_WEBHOOK):
        for each in environs:
            webhook.answer(each)
    return stopwatch.seconds


def _worker(work: AccountAtWork) -> Mapping[str, float]:
    settings = work.settings.model_copy(update={"worker_threads": 1})
    services = build(settings, connect(settings))
    worker = make_worker(picture_queue(connect(settings)), services)
    stopwatch = Stopwatch()
    work.delivered(work.send(work.prepare(_MANY)))
    with stopwatch.watching(_WORKER):
        worker.work(burst=True, logging_level="WARNING")
    return stopwatch.seconds


def _processes(work: AccountAtWork) -> float:
    """Return the microseconds that the worker's processes take for a message while many wait."""
    many, session = work.prepare(_MANY), process.session(work.programs["worker"])
    before = process.cpu(session)
    work.answered(work.send(many))
    return 1e6 * (process.cpu(session) - before) / _MANY


def _tell(title: str, seconds: Mapping[str, float]) -> None:
    lines = sorted(seconds.items(), key=lambda line: -line[1])
    rows = [(f"**{title}**", sum(seconds.values())), *lines]
    say("\n" + table(["", "CPU µs"], [[name, f"{1e6 * each / _MANY:,.0f}"] for name, each in rows]))


if __name__ == "__main__":
    sys.exit(main())
