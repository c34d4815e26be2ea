"""app.admin.dashboard: RQ's own pages change nothing by being looked at, and show nobody."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import redis
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from app.admin.dashboard import Reader
from contract.job import QUEUE, picture_queue
from tests.app.admin.conftest import OURS, Client, MakeJob
from tests.app.conftest import OPENID

REGISTRIES = ("queued", "scheduled", "deferred", "started", "finished", "failed", "canceled")
SAID = "what was asked and answered"


def views(job_id: str) -> list[str]:
    """Return every page and every piece of data of the dashboard."""
    lists = [f"{registry}/8/{order}/1" for registry in REGISTRIES for order in ("asc", "dsc")]
    return [
        "", "0/", "0/view", "0/view/queues", "0/view/workers", "0/view/jobs", "favicon.ico",
        f"0/view/job/{job_id}", *(f"0/view/jobs/{QUEUE}/{each}" for each in lists),
        "0/data/queues.json", "0/data/workers.json", f"0/data/job/{job_id}.json",
        *(f"0/data/jobs/{QUEUE}/{each}.json" for each in lists),
    ]  # fmt: skip


@pytest.fixture
def abandoned(connection: redis.Redis, make_job: MakeJob) -> Job:
    """A job whose worker died a minute ago, and others in every state, some of them gone."""
    queue = picture_queue(connection)
    job = make_job(1, question=SAID, reply={"text": SAID, "outcome": "sent"}, started=time.time())
    connection.lrem(queue.key, 0, job.id)
    with connection.pipeline() as pipeline:
        worker = BaseWorker(
            [queue], name="host.1.1", connection=connection, serializer=JSONSerializer
        )
        worker.register_birth()  # type: ignore[no-untyped-call]  # RQ's
        Execution.create(job, 60, pipeline, worker_name=worker.name)
        job.prepare_for_execution(worker.name, pipeline)
        pipeline.execute()
    found: Any = connection.zrange(queue.started_job_registry.key, 0, -1)
    (entry,) = found
    connection.zadd(queue.started_job_registry.key, {entry: time.time() - 60})
    connection.sadd("rq:workers", "rq:worker:of-a-host-that-is-gone")
    connection.lpush(queue.key, make_job(2).id, "0" * 32)
    make_job(3, failed="ModelSilent: no answer")
    connection.zadd(queue.failed_job_registry.key, {"1" * 32: time.time() + 60})
    connection.zadd(queue.finished_job_registry.key, {"2" * 32: time.time() - 60})
    return Job.fetch(job.id, connection, serializer=JSONSerializer)


def everything(connection: redis.Redis) -> dict[bytes, Any]:
    """Return what Redis holds, but for what ends by itself while one looks."""
    return {key: connection.dump(key) for key in connection.scan_iter("*")}


def test_looking_changes_nothing_and_shows_nobody(
    client: Client, connection: redis.Redis, abandoned: Job
) -> None:
    before = everything(connection)
    for path in views(abandoned.id):
        with client.get(f"/admin/rq/{path}", follow_redirects=True) as answer:
            assert answer.status_code == 200, path
            text = answer.data.decode("utf-8", "replace")
        assert [each for each in (OPENID, SAID, "media_id") if each in text] == [], path
    assert everything(connection) == before


def test_job_is_shown_by_its_times_and_its_end(client: Client, abandoned: Job) -> None:
    data = client.get(f"/admin/rq/0/data/job/{abandoned.id}.json").json
    assert data is not None
    assert (data["status"], data["description"]) == ("started", "question")
    assert '"started"' in data["metadata"]
    workers = client.get("/admin/rq/0/data/workers.json").json
    assert workers is not None
    (worker,) = workers["workers"]
    assert worker["current_job"]["call_string"] == "question"


@pytest.mark.parametrize(
    "path",
    [
        "job/{id}/delete", "queue/pictures/failed/empty", "queue/pictures/queued/empty",
        "queue/pictures/compact", "0/data/queues.json",
    ],
)  # fmt: skip
def test_nothing_can_be_deleted(
    client: Client, connection: redis.Redis, abandoned: Job, path: str
) -> None:
    before = everything(connection)
    answer = client.post(f"/admin/rq/{path.format(id=abandoned.id)}", headers=OURS)
    assert answer.status_code == 405
    assert everything(connection) == before


def test_get_requeues_nothing(client: Client, connection: redis.Redis, abandoned: Job) -> None:
    before = everything(connection)
    assert client.get(f"/admin/rq/requeue/{QUEUE}").status_code == 405
    assert everything(connection) == before


def test_failed_jobs_can_be_queued_again(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    jobs = [make_job(number, failed="ModelSilent: no answer") for number in range(3)]
    one = client.post(f"/admin/rq/job/{jobs[0].id}/requeue", headers=OURS)
    rest = client.post(f"/admin/rq/requeue/{QUEUE}", headers=OURS)
    assert (one.status_code, rest.json) == (200, {"status": "OK", "count": 2})
    assert sorted(picture_queue(connection).job_ids) == sorted(job.id for job in jobs)
    found = Job.fetch(jobs[0].id, connection, serializer=JSONSerializer)
    assert found.get_status() == JobStatus.QUEUED


@pytest.mark.parametrize(
    "path", ["0/view/job/none", "0/data/job/none.json", "7/", "0/data/jobs/x/y/z/a/b.json"]
)
def test_absurd_addresses_get_a_word(client: Client, path: str) -> None:
    answer = client.get(f"/admin/rq/{path}")
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_scripts_inside_its_pages_carry_a_nonce(client: Client) -> None:
    pages = [client.get("/admin/rq/0/view/jobs") for _ in range(2)]
    nonces = []
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        (nonce,) = re.findall(r"script-src 'self' 'nonce-([\w-]+)' 'unsafe-eval';", policy)
        assert page.text.count(f'<script nonce="{nonce}" ') == page.text.count("<script")
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cache-Control"] == "no-store"
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


def test_its_scripts_fill_in_texts_as_texts(client: Client, abandoned: Job) -> None:
    found = [path for path in views(abandoned.id) if "view/" in path]
    pages = [client.get(f"/admin/rq/{path}").text for path in found]
    assert sum("<%- d.exc_info %>" in page for page in pages) == 1
    assert [page for page in pages if "<%= d." in page] == []


def test_its_pages_lead_back_to_ours(client: Client) -> None:
    assert 'href="/admin/">‹ 看图 Kantu</a>' in client.get("/admin/rq/").text


@pytest.mark.parametrize("command", ["SET", "LPUSH", "EVAL", "FLUSHALL", "RENAME", "HSET"])
def test_reader_cannot_write(connection: redis.Redis, command: str) -> None:
    reader = Reader(connection_pool=connection.connection_pool)
    with pytest.raises(redis.RedisError, match=f"{command} may change something"):
        reader.execute_command(command, "a", "b")
    with pytest.raises(redis.RedisError), reader.pipeline() as pipeline:
        pipeline.execute_command(command, "a", "b")
    assert reader.srem("a", "b") == 0
