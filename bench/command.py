"""The command line of a benchmark, and what becomes of what it found."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from bench.harness import ROUNDS, BenchError
from bench.report import Report
from launch.supervisor import ROOT, LaunchError, say

_DOCUMENT = ROOT / "docs" / "performance.md"


def parser(
    program: str, *, contestants: Sequence[str] = (), rounds: int = ROUNDS
) -> argparse.ArgumentParser:
    """Return one that takes --rounds, and --only where there are contestants to choose from."""
    found = argparse.ArgumentParser(prog=f"python -m {program}")
    found.add_argument("--rounds", type=int, default=rounds)
    if contestants:
        found.add_argument("--only", nargs="+", choices=contestants, default=contestants)
    return found


def publish(measure: Callable[[], Report], *, keep: bool) -> int:
    """Measure, show what came out, and write it into docs/performance.md if it is to be kept.

    A report without aims was a trial, and is not kept. Return 0, or 1 where something failed.
    """
    try:
        report = measure()
    except (BenchError, LaunchError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"\n✗ {error}\n")
        return 1
    say("\n" + report.markdown())
    if keep and report.aims:
        report.write(_DOCUMENT)
    return 0
