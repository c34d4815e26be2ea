"""The parent of the processes that work: starts them, and starts another where one dies.

It sees a death at once, and gives the dead one's jobs back to the queue: nobody waits for their
heartbeats to run out. It has no threads and keeps no connection, so that forking it is safe.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType

import redis

from worker import metrics

logger = logging.getLogger(__name__)
_LOOK = 0.2  # seconds between looks at the children
_PAUSE = 1.0  # seconds before a process that died is replaced; doubled each time it dies young
_LONGEST_PAUSE = 30.0
_YOUNG = 10.0  # seconds
_MARGIN = 10.0  # seconds that a child may take beyond its grace
_PR_SET_PDEATHSIG = 1  # prctl(2)

Work = Callable[[str], int]  # name of the worker -> exit status
Bury = Callable[[str], int]  # name of a dead worker -> how many jobs were given back


@dataclasses.dataclass(slots=True)
class _Child:
    name: str
    role: str
    pid: int
    born: float


class Supervisor:
    """Keeps that many processes at work until told to stop."""

    def __init__(
        self,
        processes: int,
        grace: float,
        work: Work,
        bury: Bury,
        beside: Mapping[str, Work] = MappingProxyType({}),
    ) -> None:
        """Those processes do work; one more for each role beside it, which has no jobs to bury."""
        self._roles = {**{str(number): work for number in range(processes)}, **beside}
        self._beside = frozenset(beside)
        self._grace = grace
        self._bury = bury
        self._children = dict[int, _Child]()
        self._dead = list[str]()  # not given back yet, because Redis is away
        self._not_before = dict.fromkeys(self._roles, 0.0)  # each role has pauses of its own
        self._pause = dict.fromkeys(self._roles, _PAUSE)
        self._stopping = False
        self._born = 0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then wait for the children."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        gc.freeze()  # to look through what all share would give each child a copy of it
        while not self._stopping:
            for role in sorted(self._roles.keys() - self._filled()):
                if time.monotonic() >= self._not_before[role]:
                    self._fork(role)
            time.sleep(_LOOK)
            self._reap()
            self._bury_dead()
        self._end()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _filled(self) -> set[str]:
        return {child.role for child in self._children.values()}

    def _fork(self, role: str) -> None:
        self._born += 1
        name = f"{socket.gethostname()}.{os.getpid()}.{self._born}"
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_child(parent)
            metrics.enter(role)
            os._exit(_guarded(self._roles[role], name))
        self._children[pid] = _Child(name, role, pid, time.monotonic())

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                child = self._children.pop(pid)
                metrics.leave(child.role)
                if child.role not in self._beside:
                    self._dead.append(child.name)
                self._note_death(child, os.waitstatus_to_exitcode(status))

    def _note_death(self, child: _Child, status: int) -> None:
        if self._stopping:
            return
        now, role = time.monotonic(), child.role
        if now - child.born < _YOUNG:
            self._not_before[role] = now + self._pause[role]
            self._pause[role] = min(2 * self._pause[role], _LONGEST_PAUSE)
        else:
            self._pause[role] = _PAUSE
        metrics.REPLACED_PROCESSES.inc()
        logger.error("worker %s ended by itself (status %d); starting another", child.name, status)

    def _bury_dead(self) -> None:
        while self._dead:
            try:
                if jobs := self._bury(self._dead[-1]):
                    metrics.RETURNED_JOBS.inc(jobs)
                    logger.warning("worker %s left %d jobs: queued again", self._dead[-1], jobs)
            except redis.RedisError:
                return  # tried again at the next look; others find them by their heartbeats
            self._dead.pop()

    def _end(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + self._grace + _MARGIN
        while self._children and time.monotonic() < end:
            self._reap()
            time.sleep(0.05)
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._dead += [
            each.name for each in self._children.values() if each.role not in self._beside
        ]
        self._bury_dead()


def _become_child(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died in between
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which tells us


def _guarded(work: Work, name: str) -> int:
    try:
        return work(name)
    except redis.RedisError as error:
        logger.error("Redis is away: %s", error)
    except Exception:
        logger.exception("worker %s failed", name)
    return 1
