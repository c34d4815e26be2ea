"""An `.env` that is changed, and what is made for it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from contract.settings import decode_aes_key, problem_with
from worker.init.env_file import EnvFile
from worker.init.interview import make_aes_key, make_token

TEXT = "# ours\nA=1 # one\n\n#B=2\n# about C\nexport C='x\ny'\nA=3\n"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("A", "# ours\nA=1 # one\n\n#B=2\n# about C\nexport C='x\ny'\nA=new\n"),
        ("B", "# ours\nA=1 # one\n\nB=new\n# about C\nexport C='x\ny'\nA=3\n"),
        ("C", "# ours\nA=1 # one\n\n#B=2\n# about C\nC=new\nA=3\n"),
        ("D", f"{TEXT}D=new\n"),
    ],
)
def test_one_line_is_changed_and_nothing_else(name: str, changed: str) -> None:
    env_file = EnvFile(TEXT)
    env_file.set(name, "new")
    assert env_file.text == changed
    assert env_file.values()[name] == "new"


def test_last_line_without_an_end_is_not_joined() -> None:
    env_file = EnvFile("A=1")
    env_file.set("B", "2")
    assert env_file.text == "A=1\nB=2\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00$"), min_size=1))
def test_whatever_is_typed_is_read_again_as_it_was(value: str) -> None:
    env_file = EnvFile("")
    env_file.set("A", value)
    assert env_file.values() == {"A": value}


def test_link_stays_a_link_and_the_file_is_the_owner_s(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("A=1\n")
    real.chmod(0o644)
    link.symlink_to(real)
    env_file = EnvFile.read(link)
    env_file.set("A", "2")
    env_file.write(link)
    assert (link.is_symlink(), real.read_text()) == (True, "A=2\n")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_disk_that_is_full_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        EnvFile("A=2\n").write(path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(".env", "A=1\n")]


def test_what_is_made_is_what_wechat_takes() -> None:
    for _ in range(20):
        token, key = make_token(), make_aes_key()
        assert len(decode_aes_key(SecretStr(key))) == 32
        assert problem_with("WECHAT_TOKEN", {"WECHAT_TOKEN": token}) == ""
        assert problem_with("WECHAT_AES_KEY", {"WECHAT_AES_KEY": key}) == ""
    assert make_token() != make_token()
