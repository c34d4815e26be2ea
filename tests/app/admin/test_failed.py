"""app.admin.failed: who may have another chance, and who gets it."""

from __future__ import annotations

import concurrent.futures

import pytest
import redis
from rq.job import Job, JobStatus

from app.admin.failed import Failed
from contract.job import ATTEMPTS, picture_queue
from contract.outcome import Outcome, SendClaim
from tests.app.admin.conftest import OURS, Client, MakeJob

SILENT = "ModelSilent: no answer"


@pytest.fixture
def failed(connection: redis.Redis) -> Failed:
    return Failed(picture_queue(connection))


def again(connection: redis.Redis, job: Job) -> Job:
    """Return the job as it stands in Redis now."""
    return Job.fetch(job.id, connection, serializer=job.serializer)


def test_failed_jobs_are_listed_with_why(client: Client, make_job: MakeJob) -> None:
    make_job(1, failed=SILENT)
    make_job(2, failed="first line\nWeChatUnavailable: no token", outcome="sent", sent=1.0)
    page = client.get("/admin/failed").text
    assert SILENT in page
    assert "WeChatUnavailable: no token" in page
    assert "first line" not in page
    assert page.count("Yes, requeue it") == 1
    assert "its outcome stands" in page


def test_job_without_an_outcome_is_tried_again(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job(failed=SILENT, reason="old")
    answer = client.post(f"/admin/failed/{job.id}/requeue", headers=OURS)
    assert answer.location == "/admin/failed?requeued=1"
    assert "Queued again: 1." in client.get(answer.location).text
    queue = picture_queue(connection)
    assert (queue.job_ids, queue.failed_job_registry.get_job_ids()) == ([job.id], [])
    found = again(connection, job)
    assert (found.get_status(), found.retries_left) == (JobStatus.QUEUED, ATTEMPTS - 1)


def test_apologised_one_begins_anew(
    failed: Failed, connection: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job(
        failed=SILENT, outcome="apologised", sent=2.0, claimed=1.0, received=0.5, reason="x"
    )
    claim = SendClaim(connection)
    with connection.pipeline() as pipeline:
        claim.close(pipeline, job.id, Outcome.APOLOGISED)
        pipeline.execute()
    assert failed.requeue(job.id)
    assert again(connection, job).meta == {"received": 0.5}
    assert claim.take(job.id, claim.mark())  # it may be answered


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.APOLOGISED}))
def test_outcome_that_stands_is_left_alone(
    failed: Failed, connection: redis.Redis, make_job: MakeJob, outcome: Outcome
) -> None:
    job = make_job(failed=SILENT, outcome=str(outcome), sent=1.0)
    assert not failed.requeue(job.id)
    assert picture_queue(connection).job_ids == []
    assert again(connection, job).meta["outcome"] == outcome


def test_claim_of_one_that_may_just_be_answered_stays(
    failed: Failed, connection: redis.Redis, make_job: MakeJob
) -> None:
    job, claim = make_job(failed=SILENT), SendClaim(connection)
    claim.take(job.id, claim.mark())
    assert failed.requeue(job.id)
    assert not claim.take(job.id, claim.mark())


def test_job_that_did_not_fail_is_left_alone(
    failed: Failed, connection: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job()
    assert not failed.requeue(job.id)
    assert picture_queue(connection).job_ids == [job.id]


def test_job_that_is_not_ours_is_left_alone(
    failed: Failed, connection: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job(failed="refused: it calls 'os.system'")
    job.func_name = "os.system"
    job.save()
    assert not failed.requeue(job.id)


@pytest.mark.parametrize("job_id", ["x", "0" * 32, "%2e%2e", "%00"])
def test_job_that_is_not_there_is_said_so(client: Client, job_id: str) -> None:
    answer = client.post(f"/admin/failed/{job_id}/requeue", headers=OURS)
    assert answer.location == "/admin/failed?left=1"
    assert "It was left alone" in client.get(answer.location).text


def test_many_at_once_queue_it_once(
    failed: Failed, connection: redis.Redis, make_job: MakeJob
) -> None:
    for number in range(5):
        job = make_job(number, failed=SILENT, outcome="apologised", sent=1.0)
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            done = list(threads.map(failed.requeue, [job.id] * 8))
        assert done.count(True) == 1
    assert len(picture_queue(connection).job_ids) == 5


def test_all_are_tried_again_at_once(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    for number in range(3):
        make_job(number, failed=SILENT)
    make_job(3, failed=SILENT, outcome="sent", sent=1.0)
    answer = client.post("/admin/failed/requeue", headers=OURS)
    assert answer.location == "/admin/failed?requeued=3"
    assert picture_queue(connection).count == 3


@pytest.mark.parametrize("page", ["0", "-5", "99", "x", "9" * 30])
def test_absurd_pages_are_the_nearest_there_is(
    client: Client, make_job: MakeJob, page: str
) -> None:
    make_job(failed=SILENT)
    answer = client.get("/admin/failed", query_string={"page": page})
    assert (answer.status_code, SILENT in answer.text) == (200, True)


def test_pages_lead_to_one_another(client: Client, make_job: MakeJob) -> None:
    for number in range(30):
        make_job(number, failed=SILENT)
    first, second = (client.get(f"/admin/failed?page={page}").text for page in (1, 2))
    assert (first.count("<code>"), second.count("<code>")) == (25, 5)
    assert "?page=2" in first
    assert "?page=1" in second
