"""Redis as the doctor sees it: what it must know, and who else gets in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from contract.connection import connect_to
from launch import programs
from launch.supervisor import free_port
from tests.conftest import make_settings, until
from tests.worker.doctor.conftest import ROOT
from tests.worker.test_alert import WELL
from worker.doctor import store, work
from worker.doctor.exposure import exposure
from worker.doctor.finding import Finding, Mark
from worker.doctor.store import version
from worker.doctor.wording import put

PASSWORD = "a-canary-of-a-password"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[redis.Redis]:
    """A Redis that a test may change as it likes."""
    program = programs.redis_server(free_port(), tmp_path, tmp_path / "log", durable=False)
    program.start()
    until(program.ready)
    client = redis.Redis(port=int(program.command[2]), decode_responses=True)
    yield client
    client.close()
    program.end()


def url(client: redis.Redis, login: str = "") -> str:
    return f"redis://{login}127.0.0.1:{client.connection_pool.connection_kwargs['port']}/0"


def named(findings: Iterator[Finding]) -> dict[str, tuple[Mark, str]]:
    return {each.check: (each.mark, each.case) for each in findings}


@pytest.mark.parametrize(
    ("number", "mark"),
    [
        ("5.0.14", Mark.WRONG),
        ("6.0.9", Mark.WRONG),
        ("6.2.14", Mark.WELL),
        ("7.4.1", Mark.WELL),
    ],
)
def test_redis_must_know_the_commands_that_are_used(number: str, mark: Mark) -> None:
    found = version(dataclasses.replace(WELL.redis, version=number))
    assert (found.mark, put(found, "en").found[: len(number)]) == (mark, number)


@pytest.mark.parametrize(
    ("used", "limit", "case"), [(9, 0, "unlimited"), (9, 100, "well"), (90, 100, "full")]
)
def test_memory_has_a_limit_and_room(used: int, limit: int, case: str) -> None:
    state = dataclasses.replace(WELL.redis, used=used, limit=limit)
    assert store._memory(state).case == case


@pytest.mark.parametrize("limit", [0, 100])
def test_policy_that_drops_messages_is_named_before_there_is_a_limit(limit: int) -> None:
    state = dataclasses.replace(WELL.redis, limit=limit)
    assert store._policy(state).mark == Mark.WELL
    found = store._policy(dataclasses.replace(state, policy="allkeys-lru"))
    assert found.mark == Mark.WRONG
    assert "allkeys-lru" in put(found, "en").found


def test_files_that_cannot_be_written_are_found(own_redis: redis.Redis) -> None:
    state = dataclasses.replace(WELL.redis, append="err")
    assert store._persistence(state, own_redis).case == "broken_append"
    state = dataclasses.replace(WELL.redis, snapshot="err")
    assert store._persistence(state, own_redis).case == "broken_snapshot"
    state = dataclasses.replace(WELL.redis, durable=False)
    assert store._persistence(state, own_redis).case == "none"
    own_redis.config_set("save", "60 1")
    assert store._persistence(state, own_redis).case == "snapshots"


def test_redis_of_this_machine_is_for_whoever_is_on_it(own_redis: redis.Redis) -> None:
    found = exposure(url(own_redis), own_redis)
    assert (found.mark, found.case) == (Mark.WELL, "local")


def test_password_keeps_strangers_out(own_redis: redis.Redis) -> None:
    own_redis.config_set("requirepass", PASSWORD)
    place = url(own_redis, f":{PASSWORD}@")
    found = exposure(place, connect_to(place))
    assert (found.mark, found.case) == (Mark.WELL, "well")


def test_password_that_nobody_else_needs_is_none(own_redis: redis.Redis) -> None:
    own_redis.acl_setuser("kantu", enabled=True, passwords=[f"+{PASSWORD}"], categories=["+@all"])
    own_redis.config_set("bind", "0.0.0.0")  # noqa: S104
    own_redis.config_set("protected-mode", "no")
    place = url(own_redis, f"kantu:{PASSWORD}@")
    found = exposure(place, connect_to(place))
    assert (found.mark, found.case) == (Mark.WRONG, "open_listening")
    assert "bind 127.0.0.1" in put(found, "en").todo


@pytest.mark.parametrize(
    ("address", "case"),
    [("8.8.8.8", "open_public"), ("10.1.2.3", "open_private"), ("127.0.0.1", "local")],
)
def test_public_redis_without_a_password_is_an_emergency(
    own_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch, address: str, case: str
) -> None:
    monkeypatch.setattr("worker.doctor.exposure._host_of", lambda _: address)
    found = exposure(url(own_redis), own_redis)
    assert found.case == case
    assert (found.mark is Mark.WRONG) == (case == "open_public")


def test_redis_that_listens_everywhere_may_be_public_though_its_address_is_not(
    own_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_redis.config_set("bind", "0.0.0.0")  # noqa: S104
    own_redis.config_set("protected-mode", "no")
    monkeypatch.setattr("worker.doctor.exposure._host_of", lambda _: "10.1.2.3")
    found = exposure(url(own_redis), own_redis)
    assert (found.mark, found.case) == (Mark.WRONG, "open_listening")


def test_password_in_plain_over_the_internet_is_found(
    own_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_redis.config_set("requirepass", PASSWORD)
    monkeypatch.setattr("worker.doctor.exposure._host_of", lambda _: "8.8.8.8")
    place = url(own_redis, f":{PASSWORD}@")
    found = exposure(place, connect_to(place))
    assert (found.mark, found.case) == (Mark.WRONG, "unencrypted")


def test_all_of_a_redis_is_looked_at(own_redis: redis.Redis) -> None:
    settings = make_settings(redis_url=url(own_redis))
    found = named(store.check(settings, own_redis))
    assert found["redis_latency"] == (Mark.WELL, "well")
    assert found["redis_clock"] == (Mark.WELL, "well")
    assert found["redis_memory"] == (Mark.NOTE, "unlimited")
    assert [check for check, (mark, _) in found.items() if mark is Mark.WRONG] == []


def test_rights_that_are_missing_are_found(own_redis: redis.Redis) -> None:
    own_redis.acl_setuser("reader", enabled=True, nopass=True, categories=["+@read"], keys=["*"])
    place = url(own_redis, "reader:any@")
    (found,) = store.check(make_settings(redis_url=place), connect_to(place))
    assert (found.mark, found.case) == (Mark.WRONG, "refuses")


def test_user_of_production_has_the_rights_that_are_needed(own_redis: redis.Redis) -> None:
    text = (ROOT / "deploy" / "redis" / "commands").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    # Redis knows that one from 7.2 on, and redis-py does without.
    words = [word for word in " ".join(lines).split() if word != "+client|setinfo"]
    rights = ["-@all", *words, "~rq:*", "~kantu:*", f">{PASSWORD}"]
    own_redis.execute_command("ACL", "SETUSER", "kantu", "on", *rights)
    own_redis.acl_setuser("default", enabled=False)
    place = url(own_redis, f"kantu:{PASSWORD}@")
    settings, client = make_settings(redis_url=place), connect_to(place)
    found = named(store.check(settings, client)) | named(work.check(settings, client))
    assert found["redis_exposure"] == (Mark.WELL, "well")
    wrong = [check for check, (mark, _) in found.items() if mark is Mark.WRONG]
    assert wrong == ["worker"]
