"""contract.cores"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contract.cores import cores


@pytest.mark.parametrize(
    ("text", "expected"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 64), ("", 64)]
)
def test_container_s_share_of_the_cores_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(64)))
    limit = tmp_path / "cpu.max"
    limit.write_text(text)
    assert cores(limit) == expected
    assert cores(tmp_path / "missing") == 64
