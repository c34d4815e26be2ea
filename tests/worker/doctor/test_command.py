"""`python -m worker doctor` as a program, where all is well and where something is wrong."""

from __future__ import annotations

import http.server
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest
import redis

from contract.health import read
from launch.supervisor import free_port
from tests.conftest import APP_ID, WeChatServer, make_settings, until
from tests.worker.doctor.conftest import ROOT, Doctor, webhook, wrong
from tests.worker.eyes import KEY, MODEL, seeing
from tests.worker.odd_server import Respond, answer, odd_server
from tests.worker.test_health import break_open, queue_message
from worker.errcodes import Api
from worker.standing import Pause, Standing

OTHER_KEY = "ZYXWVUTSRQPONMLKJIHGFEDCBAabcdefghijklmnopq"


def test_all_is_well_with_a_worker(
    doctor: Doctor,
    environment: dict[str, str],
    connection: redis.Redis,
    wechat_server: WeChatServer,
) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "worker"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: read(connection))
        status, lines = doctor()
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    assert (status, wrong(lines), lines[-1]) == (0, [], "All is well.")
    assert "✓ worker: 2 processes are alive" in lines
    assert "✓ customer-service messages: the account may send them" in lines
    assert (
        "✓ where WeChat calls from: 127.0.0.1; a firewall before the webhook must let them in"
        in (lines)
    )
    assert "✓ webhook: it refuses a wrong signature and an unsealed message" in lines
    assert any(line.startswith("✓ model demo (CLASSIFIER_MODEL): a picture") for line in lines)
    for done in ("a question is answered", "a picture is described"):
        assert any(line.startswith(f"✓ model answerer (VQA_MODEL): {done}") for line in lines)
    assert any(line.startswith("! Redis' persistence: none; expected appendonly") for line in lines)
    assert wechat_server.texts() == []
    assert connection.keys("rq:job:*") == []


def test_without_a_worker_it_works_and_says_so(doctor: Doctor) -> None:
    status, lines = doctor()
    assert status == 1
    (line,) = wrong(lines)
    assert line == (
        "✗ worker: no process is alive (0 known); expected one. What to do: start it: "
        "python -m worker (make run does); if it runs, see its log"
    )


def test_all_wrong_settings_are_named(doctor: Doctor) -> None:
    status, lines = doctor(WECHAT_APP_SECRET="", WECHAT_MODE="secure", REDIS_URL="nowhere")
    assert status == 2
    named = [line.split()[2].partition("=")[0] for line in wrong(lines)]
    assert named == ["WECHAT_APP_SECRET", "WECHAT_MODE", "REDIS_URL"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {
                "WECHAT_APP_SECRET": "x",
                "CLASSIFIER_MODEL": "gone",
                "WECHAT_TOKEN": "another-of-theirs",
            },
            [
                "access token: WeChat refuses with errcode 40125, the AppSecret is wrong",
                "model gone (CLASSIFIER_MODEL): http://127.0.0.1",
                "worker: no process is alive",
                "webhook: http://127.0.0.1",
            ],
        ),
        (
            {"WECHAT_APP_ID": "wx0000", "CLASSIFIER_MODEL": "pixels", "WECHAT_AES_KEY": OTHER_KEY},
            [
                "access token: WeChat refuses with errcode 40013, the AppID is wrong",
                "model pixels (CLASSIFIER_MODEL): model pixels has no signature",
                "worker: no process is alive",
                "webhook: http://127.0.0.1",
            ],
        ),
        (
            {"CLASSIFIER_LABELS": "labels/imagenet.csv", "VQA_MODEL": "gone"},
            [
                "class names (CLASSIFIER_LABELS): the model has 12 classes, the label file names",
                "model gone (VQA_MODEL): http://127.0.0.1",
                "worker: no process is alive",
            ],
        ),
    ],
    ids=["secret, model, token", "AppID, pixels, key", "labels, answers"],
)
def test_each_wrong_setting_is_found(
    doctor: Doctor, changes: dict[str, str], found: list[str]
) -> None:
    status, lines = doctor(**changes)
    assert status == 1
    said = [line.removeprefix("✗ ") for line in wrong(lines)]
    assert [line[: len(start)] for line, start in zip(said, found, strict=True)] == found


def test_redis_away_hides_nothing_else(doctor: Doctor) -> None:
    port = free_port()
    status, lines = doctor(REDIS_URL=f"redis://:a-long-one-of-ours@127.0.0.1:{port}/0")
    assert status == 1
    (line,) = wrong(lines)
    assert line.startswith("✗ Redis: no connection to Redis (ConnectionError)")
    assert f"Redis at 127.0.0.1:{port}, models at http://" in lines[0]
    assert not [line for line in lines if "a-long-one-of-ours" in line]
    assert "! worker: it cannot be looked at without Redis" in lines
    assert "✓ customer-service messages: the account may send them" in lines


def test_redis_that_evicts_and_is_full_is_found(doctor: Doctor, connection: redis.Redis) -> None:
    connection.config_set("maxmemory-policy", "allkeys-lru")
    connection.config_set("maxmemory", int(connection.info("memory")["used_memory"] * 1.1))
    try:
        status, lines = doctor()
    finally:
        connection.config_set("maxmemory", 0)
        connection.config_set("maxmemory-policy", "noeviction")
    assert status == 1
    policy, memory, _ = wrong(lines)
    assert policy.startswith("✗ Redis' maxmemory-policy: allkeys-lru; expected noeviction")
    assert memory.startswith("✗ Redis' memory: ")


def test_address_to_put_on_the_list_is_printed(doctor: Doctor, wechat_server: WeChatServer) -> None:
    wechat_server.account.listed = set()
    _, lines = doctor()
    assert wrong(lines)[0] == (
        "✗ access token: WeChat refuses with errcode 40164, this server's address is not on the "
        "list: 127.0.0.1. What to do: add it to the IP list (IP 白名单) in WeChat's console; that "
        "takes five minutes"
    )


def test_account_that_may_not_send_is_found(doctor: Doctor, wechat_server: WeChatServer) -> None:
    wechat_server.account.verified = False
    _, lines = doctor()
    assert wrong(lines)[0] == (
        "✗ customer-service messages: WeChat refuses with errcode 48001, this account may not use "
        "this API. What to do: set WECHAT_REPLY=passive, and replies go out in WeChat's own "
        "request; or have the account verified (微信认证)"
    )
    assert (
        "! pictures by media/get: the account may not; they are fetched by their PicUrl instead"
        in (lines)
    )


def test_account_that_need_not_send_is_well(doctor: Doctor, wechat_server: WeChatServer) -> None:
    wechat_server.account.verified = False
    _, lines = doctor(WECHAT_REPLY="passive")
    assert [line for line in wrong(lines) if "customer-service" in line] == []
    assert [line for line in lines if line.startswith("! customer-service messages: the account")]


def test_clock_that_is_wrong_is_found(doctor: Doctor) -> None:
    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Date", formatdate(time.time() - 300, usegmt=True))
        handler.send_header("Content-Length", "18")
        handler.end_headers()
        handler.wfile.write(b'{"errcode": 41001}')

    with odd_server(respond) as url:
        _, lines = doctor(WECHAT_API_URL=url)
    (line,) = [each for each in wrong(lines) if "clock" in each]
    assert line.startswith("✗ WeChat's clock: 30")
    assert " s behind ours; expected 60 s at most" in line


@pytest.mark.parametrize(
    ("respond", "said"),
    [
        (answer(502, b"<html>"), "answers, but not as WeChat does"),
        (answer(200, b"x" * 2**21), "AnswerTooLarge"),
    ],
    ids=["a proxy", "endless"],
)
def test_what_is_not_wechat_is_found(doctor: Doctor, respond: Respond, said: str) -> None:
    with odd_server(respond) as url:
        _, lines = doctor(WECHAT_API_URL=url)
    assert said in wrong(lines)[0]


def test_wechat_that_is_away_is_found(doctor: Doctor) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    _, lines = doctor(WECHAT_API_URL=url)
    assert wrong(lines)[0].startswith(f"✗ WeChat: no answer from {url} (ConnectionError)")


def test_what_piles_up_is_found(doctor: Doctor, connection: redis.Redis) -> None:
    job = queue_message(connection, 1)
    job.enqueued_at = datetime.now(UTC) - timedelta(seconds=75)
    job.save()
    break_open(connection, "demo")
    _, lines = doctor()
    _, queue, breaker = wrong(lines)
    assert queue.startswith("✗ queue: 1 wait, 0 are worked on; the first has waited ")
    assert breaker.startswith("✗ breakers: demo has not answered five times in a row")


def test_pause_is_named_and_lifted(doctor: Doctor, connection: redis.Redis) -> None:
    standing = Standing(connection, APP_ID)
    standing.pause(
        Pause(api=Api.SEND, why="", until=time.time() + 9999, errcode=45009, remedy="wait")
    )
    _, lines = doctor()
    assert wrong(lines)[1].startswith("✗ pauses of WeChat's API: send is left alone until ")
    assert (
        "since WeChat said: errcode 45009, the day's quota is used up. What to" in wrong(lines)[1]
    )
    _, lines = doctor("--lift-pauses")
    assert "✓ pauses of WeChat's API: 1 lifted" in lines
    assert "✓ pauses of WeChat's API: none" in lines
    assert standing.look()[1] == []


def test_webhook_that_is_not_there_is_found(doctor: Doctor) -> None:
    url = f"http://127.0.0.1:{free_port()}/wechat"
    _, lines = doctor("--webhook", url)
    assert wrong(lines)[-1].startswith(f"✗ webhook: no answer from {url} within 5 s (Connection")


def test_webhook_that_lets_everybody_in_is_found(doctor: Doctor, redis_url: str) -> None:
    with webhook(make_settings(redis_url=redis_url, wechat_mode="compatible")) as url:
        _, lines = doctor("--webhook", url)
    assert wrong(lines)[-1].startswith(
        "✗ webhook: it answers an unsealed message with HTTP 200; expected 403"
    )


def test_webhook_of_plain_mode_is_knocked_at_in_plain(doctor: Doctor, redis_url: str) -> None:
    with webhook(make_settings(redis_url=redis_url, wechat_mode="plain")) as url:
        _, lines = doctor("--webhook", url, WECHAT_MODE="plain", WECHAT_AES_KEY="")
    assert "✓ webhook: it refuses a wrong signature" in lines


def test_what_is_no_url_is_refused(doctor: Doctor) -> None:
    status, _ = doctor("--webhook", "127.0.0.1:8000")
    assert status == 2


def test_endpoint_is_asked_one_cheap_question(doctor: Doctor) -> None:
    with seeing(lambda _: "a picture") as (eyes, server):
        known = {"VQA_ENDPOINT": f"{server.url}/v1", "VQA_ENDPOINT_MODEL": MODEL}
        _, lines = doctor(**known, VQA_ENDPOINT_KEY=KEY)
        _, refused = doctor(**known, VQA_ENDPOINT_KEY="sk-wrong-1234")
    (line, unread) = [each for each in lines if "(VQA_ENDPOINT)" in each]
    assert line.startswith(f"✓ model {MODEL} at 127.0.0.1:{server.port} (VQA_ENDPOINT): a question")
    assert unread.startswith("! ")
    assert "MODERATION" in unread
    assert len(eyes.asked) == 1
    key_refused = "HTTP 401: the key is refused: see VQA_ENDPOINT_KEY"
    assert any(key_refused in each for each in wrong(refused))
    assert not any(key in each for each in [*lines, *refused] for key in (KEY, "sk-wrong-1234"))


def test_programs_get_one_object_and_operators_their_own_language(doctor: Doctor) -> None:
    status, lines = doctor("--json", "--language", "zh", WECHAT_APP_SECRET="canary-4711")
    said = json.loads("\n".join(lines))
    assert set(said) == {"schema", "taken", "language", "exit", "counts", "findings"}
    assert (said["schema"], said["language"], said["exit"], status) == (1, "zh", 1, 1)
    fields = {"check", "case", "mark", "subject", "found", "todo", "values"}
    assert {frozenset(each) for each in said["findings"]} == {frozenset(fields)}
    marks = [each["mark"] for each in said["findings"]]
    assert said["counts"] == {mark: marks.count(mark) for mark in ("well", "note", "wrong")}
    (token,) = [each for each in said["findings"] if each["check"] == "token"]
    assert (token["found"], token["todo"]) == (
        "微信拒绝，errcode 40125，AppSecret 不对",
        "把 WECHAT_APP_SECRET 改成公众平台里的",
    )
    assert token["values"]["errcode"] == 40125
    assert "canary" not in "".join(lines)


def test_language_is_that_of_the_settings(doctor: Doctor) -> None:
    status, lines = doctor(LANGUAGE="zh_CN:zh", WECHAT_APP_ID="12", WECHAT_MODE="secure")
    assert (status, lines[-1]) == (2, "有 2 处要处理：以 ✗ 开头的行。")
    assert [line.startswith("✗ 设置：WECHAT_") for line in lines] == [True, True, False]
    assert "填 safe（安全模式）" in lines[1]
    said = json.loads("\n".join(doctor("--json", WECHAT_APP_ID="12")[1]))
    (found,) = said["findings"]
    assert (said["exit"], found["values"]["setting"]) == (2, "WECHAT_APP_ID")


def test_list_for_nginx_is_all_that_is_done(
    doctor: Doctor, tmp_path: Path, wechat_server: WeChatServer
) -> None:
    path = tmp_path / "allowlist.conf"
    status, lines = doctor("--write-nginx-allowlist", str(path))
    assert (status, len(lines)) == (0, 2)
    assert path.read_text().splitlines()[1:] == ["127.0.0.1 1;"]
    assert wechat_server.requests == ["/cgi-bin/stable_token", "/cgi-bin/getcallbackip"]


def test_whoever_reads_may_stop(environment: dict[str, str]) -> None:
    doctor = subprocess.Popen(
        [sys.executable, "-m", "worker", "doctor"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert doctor.stdout is not None
    doctor.stdout.close()
    _, said = doctor.communicate(timeout=60)
    assert (doctor.returncode, said) == (1, b"")
