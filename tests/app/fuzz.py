"""`make fuzz`: attack the webhook for a minute with changed messages, at every door it has.

Inputs that reach lines of `app` which none reached before are kept and changed again. What the
webhook does wrong is written to the corpus, which tests/app/test_fuzz.py runs from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import redis

from launch import programs
from launch.supervisor import free_port
from tests.app.target import DOORS, Attack, Target
from tests.conftest import until

CORPUS = Path(__file__).parent / "corpus"
_APP = str(Path(__file__).parents[2] / "app")
_LARGEST = 70_000  # bytes; a little more than gets in
_WORDS = (
    b"<xml>", b"</xml>", b"<![CDATA[", b"]]>", b"<!DOCTYPE a>", b"<?xml encoding='gbk'?>", b"&a;",
    b"&#0;", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xed\xa0\x80", b'"\\ud800"', b"{", b"}", b"[",
    b"null", b"1e999", b"NaN", b"-1", b"99999999999999999999", b"MsgType", b"event", b"Event",
    b"subscribe", b"text", b"image", b"Encrypt", b"ToUserName", b"MsgId", b"&signature=", b"%00",
)  # fmt: skip


class Reach:
    """The lines of `app` that were reached while this was entered."""

    def __init__(self) -> None:
        self.lines: set[tuple[CodeType, int]] = set()

    def __enter__(self) -> None:
        sys.settrace(self._enter)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, *_: object) -> Any:
        return self._step if frame.f_code.co_filename.startswith(_APP) else None

    def _step(self, frame: FrameType, *_: object) -> Any:
        self.lines.add((frame.f_code, frame.f_lineno))
        return self._step


def corpus() -> list[Attack]:
    """Return every file of the corpus, at every door."""
    files = sorted(CORPUS.iterdir())
    return [Attack(door, path.read_bytes()) for path in files for door in DOORS]


def changed(data: bytes, others: Sequence[Attack], chance: random.Random) -> bytes:
    """Return the bytes with one to four changes."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.randint(0, len(data)) for _ in range(2))
        part = chance.choice(others).data
        new = chance.choice(
            (
                lambda: b"",
                lambda: chance.randbytes(chance.randint(1, 8)),
                lambda: chance.choice(_WORDS),
                lambda: data[at:to] * chance.choice((2, 3, 2000)),  # noqa: B023  # called at once
                lambda: part[chance.randint(0, len(part)) :],  # noqa: B023
            )
        )()
        data = (data[:at] + new + data[chance.choice((at, to)) :])[:_LARGEST]
    return data


def attacks(target: Target, seconds: float, chance: random.Random) -> Iterator[tuple[Attack, str]]:
    """Attack for so long; yield each attack with the complaint about it, empty for none."""
    pool, reach, known = corpus(), Reach(), 0
    fresh, end = list(pool), time.monotonic() + seconds
    while time.monotonic() < end:
        if fresh:
            attack = fresh.pop()
        else:
            data = changed(chance.choice(pool).data, pool, chance)
            attack = Attack(chance.choice(DOORS), data)
        with reach:
            complaint = target.complaint(attack)
        if len(reach.lines) > known:
            known = len(reach.lines)
            pool.append(attack)
        yield attack, complaint


def main(arguments: Sequence[str]) -> int:
    """Attack until the time is over or something is found; return 1 for that."""
    flags = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    flags.add_argument("--seconds", type=float, default=60)
    flags.add_argument("--seed", type=int, default=time.time_ns())
    given = flags.parse_args(arguments)
    logging.disable(logging.WARNING)  # refusals are what we are here for
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "redis.log"
        server = programs.redis_server(free_port(), log.parent, log, durable=False)
        server.start()
        until(server.ready)
        try:
            target = Target(redis.Redis(port=int(server.command[2])))
            return _report(attacks(target, given.seconds, random.Random(given.seed)))
        finally:
            server.end()


def _report(tried: Iterator[tuple[Attack, str]]) -> int:
    number = 0
    for attack, complaint in tried:
        number += 1
        if complaint:
            path = CORPUS / f"found-{hashlib.sha256(attack.data).hexdigest()[:12]}"
            path.write_bytes(attack.data)
            sys.stdout.write(f"✗ {attack.door}: {complaint}\n  kept as {path}\n")
            return 1
    sys.stdout.write(f"✓ {number} attacks, and nothing to complain about\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
