"""One message and one follower: the trace, and what it never tells."""

from __future__ import annotations

import re
import time

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.admin import messages
from contract.follower import Followers
from contract.settings import Settings
from tests.app.admin.conftest import OURS, Client, MakeJob
from tests.app.conftest import OPENID

SAID = "what was asked and answered"


def notes(began: float) -> dict[str, object]:
    """Return the times of a message that took a second."""
    return {
        "received": began, "started": began + 0.1, "fetched": began + 0.3,
        "prepared": began + 0.4, "seen": began + 0.5, "claimed": began + 0.6, "sent": began + 1,
        "outcome": "sent", "model": "demo", "reply": {"text": SAID}, "request": "f" * 32,
    }  # fmt: skip


def test_trace_is_drawn_to_scale(client: Client, make_job: MakeJob) -> None:
    job = make_job(question=SAID, **notes(time.time() - 5))
    page = client.get(f"/admin/message/{job.id}").text
    drawn = re.findall(r'<rect x="([\d.]+)%" width="([\d.]+)%" height', page)
    expected = ((0, 10), (10, 20), (30, 10), (40, 10), (50, 10), (60, 40))
    assert [float(each) for bar in drawn for each in bar] == pytest.approx(
        [each for bar in expected for each in bar], abs=0.1
    )
    for said in ("answered", "the model looks", "100 ms", "400 ms", "demo", "f" * 32):
        assert said in page, said


def test_trace_names_nobody_and_says_nothing_that_was_said(
    client: Client, make_job: MakeJob, settings: Settings, connection: redis.Redis
) -> None:
    job = make_job(question=SAID, **notes(time.time()))
    alias = Followers(settings, connection).alias(OPENID)
    pages = [
        client.get(f"/admin/{path}").text for path in (f"message/{job.id}", f"follower/{alias}")
    ]
    assert alias in pages[0]
    assert job.id in pages[1]
    assert [each for each in (OPENID, SAID) for page in pages if each in page] == []


def test_message_that_waits_says_for_how_long(client: Client, make_job: MakeJob) -> None:
    job = make_job()
    page = client.get(f"/admin/message/{job.id}").text
    assert "under way" in page
    assert "not ended yet" in page


def test_failed_message_says_why(client: Client, make_job: MakeJob) -> None:
    job = make_job(failed="ModelSilent: no answer from http://serving:8501: ReadTimeout")
    page = client.get(f"/admin/message/{job.id}").text
    assert "ModelSilent: no answer from http://serving:8501: ReadTimeout" in page
    assert '<span class="mark failed">failed</span>' in page


def test_any_of_three_names_is_found(
    client: Client, make_job: MakeJob, settings: Settings, connection: redis.Redis
) -> None:
    job, alias = make_job(), Followers(settings, connection).alias(OPENID)
    found = [
        client.post("/admin/find", data={"what": each}, headers=OURS).location
        for each in (f" {job.id} ", alias, OPENID)
    ]
    assert found == [f"/admin/message/{job.id}"] + [f"/admin/follower/{alias}"] * 2


@pytest.mark.parametrize(
    "what", ["", "x", "../../etc/passwd", "<script>", "0" * 31, "好" * 32, "\0"]
)
def test_absurd_names_are_not_found(client: Client, what: str) -> None:
    answer = client.post("/admin/find", data={"what": what}, headers=OURS)
    assert (answer.status_code, "Not found" in answer.text) == (404, True)
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path", ["message/%3Cscript%3E", "message/" + "0" * 32, "follower/x", "x/y"]
)
def test_what_is_not_there_is_said_kindly(client: Client, path: str) -> None:
    answer = client.get(f"/admin/{path}")
    assert (answer.status_code, "Back to the overview" in answer.text) == (404, True)


def test_job_of_another_making_is_shown_without_what_it_holds(
    client: Client, connection: redis.Redis
) -> None:
    queue = Queue("pictures", connection=connection, serializer=JSONSerializer)
    job = queue.enqueue_call(
        "os.system", args=("<b>rm</b>",), job_id="a" * 32, description="<b>x</b>"
    )
    job.meta = {"outcome": "<i>", "received": time.time(), "sent": time.time()}
    job.save()
    page = client.get(f"/admin/message/{job.id}").text
    assert "rm" not in re.sub(r"form|normal|perm", "", page)
    assert "<b>" not in page
    assert messages.lines(connection, [job.id])[0].kind == "<b>x</b>"


def test_damaged_notes_are_no_outage(connection: redis.Redis, make_job: MakeJob) -> None:
    job = make_job()
    for text in (b"\x80not json", b"[]", b""):
        connection.hset(job.key, "meta", text)
        (line,) = messages.lines(connection, [job.id])
        assert line.outcome == ""
