"""Weak passwords, and an `.env` that others may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import make_settings
from worker.doctor import password
from worker.doctor.finding import Mark
from worker.doctor.wording import put

LONG = "kX3vGq8ZtR5mWy2P"


@pytest.mark.parametrize(
    ("secret", "case"),
    [
        ("weixin", "common"),
        ("Password2026", "common"),
        ("123456789012", "common"),
        ("qwertyuiop", "common"),
        ("kX3vGq8Zt", "short"),
        ("ababababababab", "uniform"),
        (LONG, "well"),
        ("token-of-the-tests", "well"),
    ],
)
def test_password_that_would_be_guessed_is_found(secret: str, case: str) -> None:
    (found,) = password.check(make_settings(wechat_token=secret))
    assert (found.case, found.mark is Mark.WELL) == (case, case == "well")
    said = put(found, "en")
    assert secret not in f"{said.found}{said.todo}{found.values}"


def test_every_weak_one_is_named() -> None:
    url = "redis://:redis123@127.0.0.1:6379/0"
    found = list(password.check(make_settings(wechat_token=f"{LONG},weixin", redis_url=url)))
    assert [each.values["setting"] for each in found] == ["WECHAT_TOKEN", "REDIS_URL"]


def test_env_that_others_may_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("")
    monkeypatch.setenv("KANTU_ENV_FILE", str(path))
    path.chmod(0o644)
    found, _ = password.check(make_settings())
    assert put(found, "en").line("en", found.mark).startswith(f"✗ {path}: its mode is 644")
    path.chmod(0o600)
    assert [each.check for each in password.check(make_settings())] == ["passwords"]
