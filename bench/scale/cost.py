"""What one message costs: CPU of each program, commands and bytes of Redis, bytes of the network.

Three phases: messages one after another (how long one takes), messages that only the webhook takes
while the worker stands still, and the worker emptying that queue.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import process
from bench.account import AccountAtWork, wait
from launch.supervisor import Say

RATE, PACED = 4.0, 60  # messages a second, so many: what two busy cores bear without a queue
QUEUED = 150  # messages that wait for the worker
_WARM = 30
_TICKS = os.sysconf("SC_CLK_TCK")
_OURS = "wechat"  # this process: WeChat and its followers


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What was used while some messages were worked on; all but the last three for each message."""

    cpu: Mapping[str, float]  # program -> milliseconds
    commands: float
    trips: float  # reads from sockets: a pipeline is one
    redis_in: float  # bytes
    redis_out: float
    messages: int
    seconds: float
    others: float  # cores that programs of others used meanwhile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Everything that was measured."""

    paced: Phase
    taken: Phase  # by the webhook
    drained: Phase  # by the worker
    latencies: list[float]  # seconds from sent to answered, paced
    webhook: list[float]  # seconds that the webhook took, paced
    stretch: float  # seconds that a second of CPU took, paced: by how much others slowed us down
    memory: float  # bytes in Redis that are left of a message, but for its picture
    picture: float  # bytes in Redis of its picture, kept for questions
    file: float  # bytes of a message in Redis' file
    pushed: float  # bytes of a message on its way to the webhook
    wechat: Mapping[str, float]  # path of WeChat's API -> bytes a message
    most: Mapping[str, float]  # Redis command -> calls a message, the most frequent ones
    slots: int
    cores: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    at: float
    cpu: Mapping[str, float]
    busy: float  # seconds of CPU that anybody used
    calls: Mapping[str, int]
    stats: Mapping[str, Any]
    file: int


def measure(say: Say) -> Cost:
    """Return the cost of a message on this machine; raise BenchError."""
    with tempfile.TemporaryDirectory() as folder:
        work = AccountAtWork(Path(folder))
        with work.working():
            say("· warming up")
            work.answered(work.send(work.prepare(_WARM)))
            return _measure(work, say)


def _measure(work: AccountAtWork, say: Say) -> Cost:
    some, many = work.prepare(PACED), work.prepare(QUEUED)
    work.bytes.clear()
    say(f"· {PACED} messages, {RATE:.0f} a second")
    before, begun = work.kept(), _read(work)
    with _Probe() as probe:
        sent = work.send(some, 1 / RATE)
        latencies, webhook = work.answered(sent), work.delivered(sent)
    paced = _read(work)
    say(f"· {QUEUED} messages for the webhook alone, then for the worker alone")
    worker = process_of(work, "worker")
    process.freeze(worker)
    frozen = _read(work)
    sent = work.send(many)
    work.delivered(sent)
    full = _read(work)
    process.thaw(worker)
    work.answered(sent)
    drained, kept = _read(work), work.kept()
    wait(lambda: work.redis.llen("rq:queue:pictures") == 0)
    number = PACED + QUEUED
    return Cost(
        paced=_phase(begun, paced, PACED),
        taken=_phase(frozen, full, QUEUED),
        drained=_phase(full, drained, QUEUED),
        latencies=latencies,
        webhook=webhook,
        stretch=probe.stretch(),
        memory=(kept["rest"] - before["rest"]) / number,
        picture=(kept["pictures"] - before["pictures"]) / number,
        file=(drained.file - begun.file) / number,
        pushed=work.sealed_bytes(),
        wechat={path: size / number for path, size in work.bytes.items()},
        most=_most(begun, drained, number),
        slots=work.slots,
        cores=len(os.sched_getaffinity(0)),
    )


def process_of(work: AccountAtWork, name: str) -> int:
    """Return the session of a program that runs."""
    running = work.programs[name].process
    if running is None:
        raise RuntimeError(f"{name} is not started")
    return running.pid


def _read(work: AccountAtWork) -> _Reading:
    info = work.redis.info("everything")
    calls = {
        name.removeprefix("cmdstat_"): each["calls"]
        for name, each in info.items()
        if name.startswith("cmdstat_")
    }
    cpu = {name: process.cpu(process_of(work, name)) for name in work.programs}
    return _Reading(
        at=time.monotonic(),
        cpu={**cpu, _OURS: time.process_time()},
        busy=_busy(),
        calls=calls,
        stats=info,
        file=info["aof_current_size"],
    )


def _busy() -> float:
    # proc(5): user, nice, system, idle, iowait, irq, softirq, steal
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS


def _phase(begin: _Reading, end: _Reading, messages: int) -> Phase:
    used = {name: end.cpu[name] - begin.cpu[name] for name in end.cpu}
    seconds = end.at - begin.at

    def each(name: str) -> float:
        return float(end.stats[name] - begin.stats[name]) / messages

    return Phase(
        cpu={name: 1000 * value / messages for name, value in used.items()},
        commands=sum(_calls(begin, end).values()) / messages,
        trips=each("total_reads_processed"),
        redis_in=each("total_net_input_bytes"),
        redis_out=each("total_net_output_bytes"),
        messages=messages,
        seconds=seconds,
        others=max(0.0, (end.busy - begin.busy - sum(used.values())) / seconds),
    )


def _calls(begin: _Reading, end: _Reading) -> dict[str, int]:
    return {name: calls - begin.calls.get(name, 0) for name, calls in end.calls.items()}


def _most(begin: _Reading, end: _Reading, messages: int) -> dict[str, float]:
    calls = sorted(_calls(begin, end).items(), key=lambda pair: -pair[1])
    return {name: number / messages for name, number in calls[:8]}


class _Probe:
    """A thread that wants a little CPU now and then, and notes how long it waits for it."""

    _WANTED, _PAUSE = 0.002, 0.05  # seconds

    def __init__(self) -> None:
        self._found = list[float]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._PAUSE):
            begun, used = time.perf_counter(), time.thread_time()
            while time.thread_time() - used < self._WANTED:
                pass
            self._found.append((time.perf_counter() - begun) / self._WANTED)

    def stretch(self) -> float:
        """Return how many seconds a second of CPU took, on average."""
        return max(1.0, statistics.mean(self._found)) if self._found else 1.0


def load(kept: Mapping[str, Any]) -> Cost:
    """Return a Cost that was written as JSON; raise TypeError where it is of another form."""
    phases = {name: Phase(**kept[name]) for name in ("paced", "taken", "drained")}
    return Cost(**{**kept, **phases})
