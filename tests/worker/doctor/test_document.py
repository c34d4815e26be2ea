"""docs/doctor.md names what there is, and nothing else."""

from __future__ import annotations

import argparse
import re

from labels import book
from tests.worker.doctor.conftest import ROOT
from worker.doctor import command

DOCUMENT = (ROOT / "docs" / "doctor.md").read_text("utf-8")
OF_THE_MENU = {"menu", "menu_file"}


def test_every_check_is_explained() -> None:
    table = DOCUMENT[DOCUMENT.index("## Each check") : DOCUMENT.index("## For programs")]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    explained = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    checks = {name for name, said in book("en", "doctor").items() if "subject" in said}
    assert sorted(explained) == sorted(checks - OF_THE_MENU)


def test_every_flag_is_explained() -> None:
    flags = argparse.ArgumentParser(add_help=False)
    command.offer(flags)
    known = {action.option_strings[0] for action in flags._actions}
    assert set(re.findall(r"^\| `(--[a-z-]+)", DOCUMENT, re.MULTILINE)) == known
