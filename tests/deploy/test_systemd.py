"""deploy/systemd: that units name what is there, stop no work, and start on what they are given."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from contract.job import DEADLINE
from contract.settings import Settings, load_settings
from launch.supervisor import ROOT, free_port
from serving.flags import parse
from tests.deploy.front import Front, open_folder
from tests.deploy.overlay import graceful_timeout
from worker import supervisor

FOLDER = ROOT / "deploy" / "systemd"
UNITS = ("kantu-app", "kantu-worker", "kantu-serving")


def unit(name: str) -> dict[str, list[str]]:
    """Return every value that a unit and what holds for all units say, by its key."""
    found: dict[str, list[str]] = {}
    for path in (FOLDER / name, FOLDER / "kantu-.service.d" / "sandbox.conf"):
        text = path.read_text("utf-8").replace("\\\n", " ")
        for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
            found.setdefault(key, []).append(value)
    return found


def environment(name: str) -> dict[str, str]:
    lines = unit(f"{name}.service").get("Environment", [])
    pairs = [pair.partition("=") for line in lines for pair in shlex.split(line)]
    return {key: value for key, _, value in pairs}


def test_the_target_wants_every_unit_and_each_goes_with_it() -> None:
    wanted = set(unit("kantu.target")["Wants"][0].split())
    assert wanted == {f"{name}.service" for name in UNITS} | {"redis-server.service"}
    assert [name for name in UNITS if unit(f"{name}.service")["PartOf"] != ["kantu.target"]] == []
    redis = (FOLDER / "redis-server.service.d" / "kantu.conf").read_text("utf-8")
    assert "PartOf=kantu.target" in redis


@pytest.mark.parametrize("name", UNITS)
def test_programs_are_in_the_checkout(name: str) -> None:
    commands = [
        line
        for key in ("ExecStart", "ExecStartPre")
        for line in unit(f"{name}.service").get(key, [])
    ]
    programs = {shlex.split(line)[0].removeprefix("/opt/kantu/") for line in commands}
    modules = {found for line in commands for found in re.findall(r"-m (\w+)", line)}
    assert programs <= {".venv/bin/python", ".venv/bin/gunicorn"}
    assert [program for program in programs if not (ROOT / program).exists()] == []
    assert [each for each in modules if not (ROOT / each / "__main__.py").exists()] == []


def test_redis_is_started_by_what_is_shipped() -> None:
    text = (FOLDER / "redis-server.service.d" / "kantu.conf").read_text("utf-8")
    (script,) = re.findall(r"/opt/kantu/(deploy/\S+)", text)
    assert (ROOT / script).exists()
    asked = set(re.findall(r"\$\{(REDIS_\w+_FILE)", (ROOT / script).read_text("utf-8")))
    assert asked <= set(re.findall(r"(\w+)=%d", text))


@pytest.mark.parametrize("name", ["kantu-app", "kantu-worker"])
def test_programs_start_on_the_secrets_that_they_are_given(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "wechat_token": "abc123", "wechat_app_secret": "s" * 32, "wechat_aes_key": "a" * 42 + "A",
        "redis_url": "redis://kantu:password@127.0.0.1:6379/0",
        "wechat_previous_aes_key": "", "vqa_endpoint_key": "sk-0123", "alert_webhook": "",
        "admin_password": "kX3vGq8ZtR5mWy2P",
    }  # fmt: skip
    credentials = [line.partition(":")[0] for line in unit(f"{name}.service")["LoadCredential"]]
    for credential in credentials:
        (tmp_path / credential).write_text(values[credential])
    monkeypatch.setenv("WECHAT_APP_ID", "wx0123456789abcdef")  # from /etc/kantu/settings.env
    for key, value in environment(name).items():
        monkeypatch.setenv(key, value.replace("%d", str(tmp_path)))
    settings = load_settings(*(["wechat_app_secret"] if name == "kantu-worker" else []))
    assert settings.wechat_tokens == ["abc123"]
    assert "6379" in str(settings.redis_url)
    assert (settings.wechat_app_secret is None) == (name == "kantu-app")
    assert (settings.vqa_endpoint_key is None) == (name == "kantu-app")
    assert settings.wechat_previous_aes_key is None  # an empty file is no setting
    secret = {n for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    if name == "kantu-worker":
        assert set(credentials) == (secret | {"redis_url"}) - {"admin_password"}
    assert (settings.admin_password is None) == (name == "kantu-worker")


@pytest.mark.parametrize("name", UNITS)
def test_what_units_set_are_settings(name: str) -> None:
    ours = {key.removesuffix("_FILE").lower() for key in environment(name)}
    python = {"kantu_env", "pythonunbuffered", "pythondontwritebytecode"}
    assert ours - python <= Settings.model_fields.keys()


def test_a_person_may_run_the_worker_s_commands_with_what_the_units_have(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("WECHAT_APP_ID=wx0123456789abcdef\n")
    (tmp_path / "settings.env").chmod(0o600)
    places = {"SETTINGS": str(tmp_path / "settings.env"), "SECRETS": str(tmp_path / "secrets")}
    subprocess.run(
        [ROOT / "deploy" / "secrets", "--made-up"], env={**os.environ, **places}, check=True
    )
    doctor = [str(ROOT / "deploy" / "worker"), "doctor", "--language", "en", "--json"]
    done = subprocess.run(
        [*doctor, "--webhook", f"http://127.0.0.1:{free_port()}/wechat"],
        env={"PATH": os.environ["PATH"], **places}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    found = {each["check"]: each["mark"] for each in json.loads(done.stdout)["findings"]}
    assert (found["settings"], found["passwords"]) == ("well", "well")
    gone = subprocess.run(
        doctor, env={**places, "SETTINGS": "/none"}, capture_output=True, check=False
    )
    assert gone.returncode == 1
    assert b"cannot read /none" in gone.stderr


def test_nginx_s_unit_sets_what_its_scripts_read_and_may_open_its_ports() -> None:
    scripts = [ROOT / "nginx" / name for name in ("render", "start")]
    read = set(re.findall(r"\$\{([A-Z_]+)", "".join(path.read_text("utf-8") for path in scripts)))
    own = re.findall(r"\b([A-Z_]+)=", "\n".join(unit("kantu-nginx.service")["Environment"][:-1]))
    assert set(own) <= read
    # Of drop-ins the later by name counts: sandbox.conf takes every capability away.
    (world,) = (FOLDER / "kantu-nginx.service.d").iterdir()
    assert world.name > "sandbox.conf"
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in world.read_text("utf-8")


def test_nginx_starts_as_its_unit_says_and_logs_to_the_journal() -> None:
    unit_s = environment("kantu-nginx")
    given = {key: unit_s[key] for key in ("NGINX_LOG", "ALLOWLIST_FILE", "WEBROOT")}
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with open_folder() as folder, contextlib.closing(journal):
        journal.bind(str(folder / "log"))
        (folder / "log").chmod(0o777)
        journal.settimeout(20)
        given["NGINX_LOG"] = given["NGINX_LOG"].replace("/dev/log", str(folder / "log"))
        with Front(folder, f"127.0.0.1:{free_port()}", **given).opened() as nginx:
            assert nginx.ask("/wechat").status_code == 502
            said = journal.recv(4096).decode()
    assert "kantu_nginx: 127.0.0.1" in said
    assert "502 GET localhost/wechat" in said


def test_nobody_is_killed_at_work() -> None:
    def patience(name: str) -> int:
        return int(unit(f"{name}.service")["TimeoutStopSec"][0])

    grace = int(environment("kantu-worker")["WORKER_GRACE"])
    assert grace >= DEADLINE
    assert patience("kantu-worker") > grace + supervisor._MARGIN
    assert patience("kantu-app") > graceful_timeout()
    assert unit("kantu-worker.service")["KillMode"] == ["mixed"]


def test_the_model_server_takes_the_flags_that_it_is_given() -> None:
    (line,) = unit("kantu-serving.service")["ExecStart"]
    flags, _ = parse(shlex.split(line.replace("%S", "/var/lib"))[3:])
    assert flags.rest_api_host == "127.0.0.1"
    assert f"http://127.0.0.1:{flags.rest_api_port}" == Settings.model_fields["serving_url"].default


def test_the_models_that_the_worker_asks_are_served() -> None:
    given = environment("kantu-serving")
    for name in ("classifier_model", "vqa_model"):
        assert given[name.upper()] == Settings.model_fields[name].default
        assert (ROOT / "serving" / "models" / given[name.upper()] / "1").is_dir()


def test_nothing_listens_to_the_world() -> None:
    app = unit("kantu-app.service")
    assert "--bind 127.0.0.1:8000" in app["ExecStart"][0]
    for each in (app, unit("kantu-serving.service")):
        assert (each["IPAddressDeny"], each["IPAddressAllow"]) == (["any"], ["localhost"])
