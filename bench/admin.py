"""How fast the admin pages are beside 100,000 finished jobs: `python -m bench.admin`.

A Redis of its own, an hour of history, a hundred thousand jobs that are really there. Each page is
asked for twenty times through Flask, in this process; the median and the slowest are printed.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask.testing
import redis

from app import create_app
from contract import tally
from contract.connection import connect_to
from contract.settings import Settings
from launch import programs
from launch.supervisor import free_port

JOBS, ROUNDS, LIMIT = 100_000, 20, 200  # LIMIT: milliseconds
PASSWORD = "bench-of-kX3vGq8ZtR5mWy2P"  # noqa: S105  # of a Redis that lives for a minute
STEPS = {"queue": 0.004, "fetch": 0.1, "prepare": 0.01, "model": 0.03, "turn": 0.001, "send": 0.2}
PAGES = ("", "now", "charts", "charts?span=day", "failed", "failed?page=2000", "message/{job}",
         "rq/0/data/queues.json", "rq/0/data/jobs/pictures/finished/8/dsc/1.json")  # fmt: skip


def main() -> int:
    """Measure; return 1 where a page is over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = programs.redis_server(port, Path(folder), Path(folder) / "log", durable=False)
        server.start()
        try:
            return _measure(f"redis://127.0.0.1:{port}/0", server.ready)
        finally:
            server.end()


def _measure(url: str, ready: Callable[[], bool]) -> int:
    while not ready():
        time.sleep(0.05)
    values: dict[str, Any] = {
        "wechat_token": "token-of-the-bench", "wechat_app_id": "wx0123456789abcdef",
        "wechat_mode": "plain", "redis_url": url, "admin_password": PASSWORD,
    }  # fmt: skip
    settings = Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic's own
    connection = connect_to(url, patience=30)
    _fill(connection)
    client = create_app(settings).test_client()
    ours = {"Sec-Fetch-Site": "same-origin"}
    client.post("/admin/login", data={"password": PASSWORD}, headers=ours)
    sys.stdout.write(f"{JOBS} finished jobs; milliseconds, median and slowest of {ROUNDS}\n")
    return max(_time(client, page) for page in PAGES)


def _time(client: flask.testing.FlaskClient, page: str) -> int:
    path, took = f"/admin/{page.format(job=f'{7:032x}')}", list[float]()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = client.get(path)
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    sys.stdout.write(f"  {path:<58}{statistics.median(took):7.1f}{max(took):7.1f}\n")
    return int(max(took) > LIMIT)


def _fill(connection: redis.Redis) -> None:
    """Put jobs in as RQ and the worker leave them, and what was counted on the way."""
    now = time.time()
    data = zlib.compress(json.dumps(["worker.job.answer", None, [], {"follower": "o"}]).encode())
    fields: dict[Any, Any] = {
        "data": data,
        "status": "finished",
        "description": "picture",
        "origin": "pictures",
    }
    created = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now))
    notes = {"received": now - 1, "started": now - 0.9, "sent": now, "outcome": "sent"}
    fields |= {"created_at": created, "meta": json.dumps(notes)}
    connection.sadd("rq:queues", "rq:queue:pictures")
    with connection.pipeline(transaction=False) as pipeline:
        for number in range(JOBS):
            job_id = f"{number:032x}"
            pipeline.hset(f"rq:job:{job_id}", mapping=fields)
            pipeline.zadd("rq:finished:pictures", {job_id: now + 3600})
            if number % 2:
                pipeline.zadd("rq:failed:pictures", {job_id: now + number})
            if number % 10_000 == 0:
                pipeline.execute()
        for number in range(3000):
            tally.count_message(pipeline, f"{number:032x}", "sent", STEPS, now - 1.2 * number)
        pipeline.execute()


if __name__ == "__main__":
    sys.exit(main())
