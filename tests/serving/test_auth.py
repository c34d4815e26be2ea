"""serving.auth: the file of passwords, and the header."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from serving.auth import AuthError, Passwords, passwords_of
from serving.errors import Unauthenticated
from serving.flags import Flags


def header(pair: bytes) -> str:
    return f"Basic {base64.b64encode(pair).decode()}"


@pytest.fixture
def passwords(tmp_path: Path) -> Passwords:
    path = tmp_path / "passwords"
    path.write_bytes("# ours\nann:s:e cret\n\nbob:密码\n".encode())
    found = passwords_of(Flags(basic_auth_file=path))
    assert found is not None
    return found


def test_everybody_in_the_file_gets_in(passwords: Passwords) -> None:
    passwords.check(header(b"ann:s:e cret"))
    passwords.check(header("bob:密码".encode()).replace("Basic", "basic"))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "Basic",
        "Basic ???",
        "Bearer x",
        header(b""),
        header(b"ann"),
        header(b"ann:"),
        header(b"ann:s"),
    ],
)
def test_nobody_else_does(passwords: Passwords, wrong: str) -> None:
    with pytest.raises(Unauthenticated):
        passwords.check(wrong)


@pytest.mark.parametrize("text", ["", "# nobody\n", "ann\n", "ann:\n", ":secret\n"])
def test_file_that_would_let_the_wrong_in_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwords"
    path.write_text(text)
    with pytest.raises(AuthError, match="expected lines of user:password") as caught:
        passwords_of(Flags(basic_auth_file=path))
    assert "secret" not in str(caught.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthError, match="none: cannot be read: No such file"):
        passwords_of(Flags(basic_auth_file=tmp_path / "none"))


def test_without_a_file_everybody_may() -> None:
    assert passwords_of(Flags()) is None


def test_a_user_of_the_command_line_gets_in_beside_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("ann:secret\n")
    found = passwords_of(Flags(basic_auth_file=path, enable_auth=True, auth_password="open"))
    assert found is not None
    found.check(header(b"ann:secret"))
    found.check(header(b"admin:open"))
    with pytest.raises(Unauthenticated):
        found.check(header(b"admin:admin"))
