"""docker-compose.yml and Dockerfile: what can be known of them without a Docker engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import app.holding
from contract import job
from contract.settings import Settings, load_settings
from launch.supervisor import ROOT
from tests.conftest import APP_ID

COMPOSE: Any = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
ENGLISH_NUMBER = re.compile(r"(\d+)s")


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_shut_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"] == "10m"
    assert "privileged" not in service
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_runs_as_root(name: str) -> None:
    service = SERVICES[name]
    target = service.get("build", {}).get("target")
    own = re.search(rf"AS {target}\n(?:.*\n)*?USER (\d+)", DOCKERFILE) if target else None
    user = str(service.get("user", own[1] if own else "root"))
    assert re.match(r"[1-9]\d*", user)


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"models"}))
def test_every_service_says_how_it_is_and_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"mem_limit", "cpus"} <= service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_of_one_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image.startswith("kantu-") or re.fullmatch(r"[a-z/-]+:v?\d+[\w.-]*(@sha256:\w+)?", image)


def test_only_nginx_can_be_reached_from_outside() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.pop("nginx") == ["80:8080", "443:8443"]
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each)


def test_only_those_who_must_have_a_way_out() -> None:
    inside = {name for name, network in COMPOSE["networks"].items() if network}
    assert inside == {"edge", "core"}
    out = {name for name, service in SERVICES.items() if set(service["networks"]) - inside}
    # A network with published ports has a way out as well.
    assert out == {"worker", "certificates", "models", "nginx", "grafana", "simulator"}


def test_secrets_go_to_those_who_need_them() -> None:
    holders = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    assert "wechat_app_secret" not in holders["app"]
    assert {name for name, held in holders.items() if "redis_operator_password" in held} == {
        "redis"
    }
    assert holders["nginx"] == holders["serving"] == holders["models"] == set()
    assert set(COMPOSE["secrets"]) == set.union(*holders.values())


def test_every_secret_is_a_file_and_what_nobody_has_is_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = secrets(tmp_path, "--made-up", VQA_ENDPOINT_KEY="sk-0123")
    assert done.returncode == 0, done.stderr
    (tmp_path / "secrets" / "moderation").write_text("a word\n")
    for name, needed in (("app", ()), ("worker", ("wechat_app_secret",))):
        given = {k: str(v) for k, v in SERVICES[name]["environment"].items()}
        files = {key: path for key, path in given.items() if key.endswith("_FILE")}
        assert {Path(path).name for path in files.values()} == set(SERVICES[name]["secrets"]) - {
            "moderation"
        }
        with monkeypatch.context() as patch:
            patch.setenv("WECHAT_APP_ID", APP_ID)
            patch.setenv("MODERATION", str(tmp_path / "secrets" / "moderation"))  # .env's
            for key, value in given.items():
                patch.setenv(key, value.replace("/run/secrets", str(tmp_path / "secrets")))
            settings = load_settings(*needed, env_file="")
        assert settings.wechat_previous_aes_key is None
        assert bool(settings.moderation) == bool(settings.vqa_endpoint_key) == (name == "worker")
    secret = {n for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    held = {name: set(SERVICES[name]["secrets"]) for name in ("app", "worker")}
    assert held["worker"] == (secret | {"redis_url", "moderation"}) - {"admin_password"}
    assert "admin_password" in held["app"]


def seconds(text: str) -> int:
    match = ENGLISH_NUMBER.fullmatch(text)
    assert match is not None
    return int(match[1])


def test_everybody_is_given_the_time_to_end() -> None:
    grace = int(SERVICES["worker"]["environment"]["WORKER_GRACE"])
    assert job.DEADLINE <= grace < seconds(SERVICES["worker"]["stop_grace_period"]) - 10
    patience = re.search(r"graceful_timeout = (\d+)", (ROOT / "app" / "processes.py").read_text())
    assert patience is not None
    held = app.holding._SILENCE
    assert held < int(patience[1]) < seconds(SERVICES["app"]["stop_grace_period"])


def test_what_compose_asks_for_is_explained() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    example = (ROOT / ".env.example").read_text("utf-8")
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert used <= explained
    ours = re.findall(r"^#?([A-Z_]+)=", example.partition("# --- Docker compose")[2], re.MULTILINE)
    assert set(ours) <= used | {"COMPOSE_PROFILES"}


@pytest.mark.parametrize("profiles", ["cpu", "gpu,acme", "cpu,observability", "demo"])
def test_compose_itself_reads_it(tmp_path: Path, profiles: str) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("needs docker-compose")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    done = subprocess.run(
        ["docker-compose", "config"],
        cwd=tmp_path, env={**os.environ, "COMPOSE_PROFILES": profiles}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not re.search(r"variable is not set", done.stderr)


PROGRAMS = {
    "app": ["-c", "import app.processes, app; print(app.create_app)"],
    "worker": ["-m", "worker", "--help"],
    "serving": ["-m", "serving", "models", "--output", "out", "demo"],
    "simulator": ["-m", "simulator", "--help"],
}


@pytest.mark.parametrize("target", PROGRAMS)
def test_image_holds_what_its_program_needs(tmp_path: Path, target: str) -> None:
    section = re.search(rf" AS {target}\n((?:(?!FROM ).*\n)*)", DOCKERFILE)
    assert section is not None
    copied = re.findall(r"^COPY (\w+) /kantu/\1$", section[1], re.MULTILINE)
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    for folder in copied:
        assert folder in kept
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=_ignored)
    done = subprocess.run(
        [sys.executable, *PROGRAMS[target]],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Leave out what .dockerignore leaves out of the folders that it lets in."""
    path = Path(folder).relative_to(ROOT).as_posix()
    models = {each for each in names if path == "serving/models" and each not in {"demo", "vqa"}}
    train = {"train"} if path == "serving" else set()
    return models | train | {each for each in names if each == "__pycache__"}


def secrets(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/secrets in a checkout of its own."""
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(ROOT / "deploy" / "secrets", folder / "deploy")
    return subprocess.run(
        [str(folder / "deploy" / "secrets"), *arguments],
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=20, check=False,
    )  # fmt: skip


def test_secrets_are_made_once_and_fit_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = secrets(tmp_path, WECHAT_APP_SECRET="0123456789abcdef0123456789abcdef")
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert made.keys() == COMPOSE["secrets"].keys()
    assert made["wechat_token"].strip() in done.stdout  # to be entered in WeChat's console
    assert made["wechat_app_secret"].strip() not in done.stdout
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert made["redis_password"].strip() in made["redis_url"]
    monkeypatch.setenv("WECHAT_APP_ID", APP_ID)
    for name in made.keys() & Settings.model_fields.keys():
        monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "secrets" / name))
    settings = load_settings("wechat_app_secret", env_file="")
    assert settings.redis_url.endswith("@redis:6379/0")
    assert settings.alert_webhook is None
    assert secrets(tmp_path).returncode == 0
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "WECHAT_APP_SECRET, from WeChat's console is not set"),
        ({"WECHAT_TOKEN": "no blanks"}, "WECHAT_TOKEN is not usable; expected"),
        ({"WECHAT_AES_KEY": "short"}, "WECHAT_AES_KEY is not usable; expected"),
    ],
    ids=["missing", "token", "key"],
)
def test_wrong_secrets_are_named_and_not_shown(
    tmp_path: Path, given: dict[str, str], said: str
) -> None:
    done = secrets(tmp_path, **given)
    assert done.returncode == 1
    assert said in done.stderr
    assert "no blanks" not in done.stderr + done.stdout


def unpinned(folder: Path) -> Path:
    """Copy what names images into a folder, without the digests that stand there."""
    for name in ("Dockerfile", "docker-compose.yml"):
        (folder / name).write_text(DIGEST.sub("", (ROOT / name).read_text("utf-8")))
    shutil.copytree(ROOT / "deploy" / "kubernetes", folder / "deploy" / "kubernetes")
    shutil.copy(ROOT / "deploy" / "pin", folder / "deploy")
    redis = folder / "deploy" / "kubernetes" / "base" / "redis.yaml"
    redis.write_text(DIGEST.sub("", redis.read_text("utf-8")))
    return folder


def test_images_are_pinned_by_what_docker_says(tmp_path: Path) -> None:
    unpinned(tmp_path)
    digest = f"sha256:{'0123456789abcdef' * 4}"
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho {digest}\n")
    docker.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for _ in range(2):  # the second time there is nothing left to do
        subprocess.run([str(tmp_path / "deploy" / "pin")], env=environment, check=True, timeout=20)
    assert (
        f"FROM python:3.12.12-slim-bookworm@{digest} AS base"
        in (tmp_path / "Dockerfile").read_text()
    )
    redis = (tmp_path / "deploy" / "kubernetes" / "base" / "redis.yaml").read_text()
    assert f"image: redis:7.4-alpine@{digest}\n" in redis
    pinned = yaml.safe_load((tmp_path / "docker-compose.yml").read_text())["services"]
    images = {service["image"] for service in pinned.values()}
    assert {image for image in images if not image.endswith(digest)} == {
        "kantu-app", "kantu-worker", "kantu-serving", "kantu-simulator"
    }  # fmt: skip


def test_an_image_is_the_same_wherever_it_is_named() -> None:
    files = [ROOT / "Dockerfile", ROOT / "docker-compose.yml"]
    files += sorted((ROOT / "deploy" / "kubernetes").rglob("*.yaml"))
    text = "\n".join(path.read_text("utf-8") for path in files)
    named = set(re.findall(r"^(?:FROM| +image:) ([a-z/-]+:[\w.-]+)(@\S+)?", text, re.MULTILINE))
    tags = [tag for tag, _ in named]
    assert sorted(tags) == sorted(set(tags))
    # No digest of TensorFlow Serving's could be found: docs/operations.md.
    without = {tag for tag, digest in named if not DIGEST.fullmatch(digest)}
    assert without == {"tensorflow/serving:2.20.0", "tensorflow/serving:2.20.0-gpu"}


def keep(folder: Path, certbot: str) -> subprocess.CompletedProcess[str]:
    """Run deploy/certificates/keep once, with a made-up certbot."""
    (folder / "certbot").write_text(f"#!/bin/sh\n{certbot}\n")
    (folder / "certbot").chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "ONCE": "yes",
        "DOMAIN": "kantu.example.com", "CERTIFICATES": str(folder / "certificates"),
    }  # fmt: skip
    return subprocess.run(
        [str(ROOT / "deploy" / "certificates" / "keep")],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_first_certificate_is_replaced_by_the_one_that_is_given(tmp_path: Path) -> None:
    certificate, key = (
        tmp_path / "certificates" / f"{each}.pem" for each in ("fullchain", "privkey")
    )
    assert "does kantu.example.com lead here" in keep(tmp_path, "exit 1").stderr
    assert "BEGIN CERTIFICATE" in certificate.read_text()
    assert key.stat().st_mode & 0o077 == 0
    live = "$CERTIFICATES/acme/live/kantu"
    given = f"mkdir -p {live}; echo given > {live}/fullchain.pem; echo key > {live}/privkey.pem"
    done = keep(tmp_path, f'{given}; echo "$@"')
    assert (certificate.read_text(), key.read_text()) == ("given\n", "key\n")
    assert f"--webroot-path {tmp_path}/certificates/webroot" in done.stdout
    assert "--domain kantu.example.com" in done.stdout
