"""Programs that run together: started, waited for, started again when they die, ended in order.

Each runs in a session of its own, so that Ctrl-C reaches us alone and we end them one after
another: first those that take work in, last those that hold it. Should we be killed outright, the
kernel tells them to end.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from launch.progress import bar

ROOT = Path(__file__).parents[1]
_END_PATIENCE = 12  # seconds from SIGTERM to SIGKILL; a worker may be in the middle of a picture
_AT_ONCE = 2  # programs that start; on two cores
_BETWEEN_LOOKS = 0.5  # seconds
_PR_SET_PDEATHSIG = 1  # prctl(2)
# Below those that a kernel gives to whoever connects: else it might give a free one away before the
# program that it is meant for listens.
_PORTS = range(20_000, 30_000)


Say = Callable[[str], None]


class LaunchError(Exception):
    """The programs cannot run; the text says which, why, and what to do."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Program:
    """One program and how to tell that it is up."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    log: Path | None = None  # None: to our own output
    patience: float = 60.0  # seconds to become ready
    process: subprocess.Popen[bytes] | None = None
    starting: bool = False  # and not ready yet

    def start(self) -> None:
        """Start it, without waiting."""
        self.starting = True
        if self.log:
            self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") if self.log else contextlib.nullcontext() as output:
            self.process = subprocess.Popen(  # noqa: S603  # our own programs
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )

    def died(self) -> bool:
        """Return whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def look(self) -> str:
        """Return how it is: up, starting or away."""
        if self.process is None or self.process.poll() is not None:
            return "away"
        if self.starting and self.ready():
            self.starting = False
        return "starting" if self.starting else "up"

    def last_words(self) -> str:
        """Return the end of its log."""
        if self.log is None or not self.log.exists():
            return "(see above)"
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-12:])

    def end(self) -> None:
        """Ask it to end, and make it end where it does not; nothing it started is left."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_END_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started at once, as a crash does; watch() leaves it alone then."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def end_with_parent() -> None:
    """Have the kernel end this process when its parent does; for Popen's preexec_fn."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Programs in the order of their start. All calls must come from one thread: the kernel takes
    the end of the thread that started a program for the end of its parent.
    """

    def __init__(self, programs: Sequence[Program], say: Say) -> None:
        self.programs = list(programs)
        self._say = say
        self.stopping = False

    def live(
        self,
        welcome: Callable[[], None],
        meanwhile: Callable[[], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> int:
        """Open, say welcome, watch until Ctrl-C, close; return the status for the shell."""
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        try:
            self.open()
            welcome()
            self.watch(meanwhile, pause)
        except LaunchError as error:
            sys.stderr.write(f"\n✗ {error}\n")
            return 1
        finally:
            self.close()
        self._say("All programs have ended.")
        return 0

    def open(self) -> None:
        """Start all, two at a time, and wait until each is ready; raise LaunchError."""
        self._start(self.programs)

    def join(self, program: Program) -> None:
        """Start one more, now that the others are ready; raise LaunchError."""
        self.programs.append(program)
        self._start([program])

    def _start(self, programs: Sequence[Program]) -> None:
        opened = time.monotonic()
        waiting, starting = list(programs), dict[str, tuple[Program, float]]()
        with bar(len(waiting), guess=False) as show:
            while (waiting or starting) and not self.stopping:
                # More at once would only make each other slow, and the slowest decides.
                while waiting and len(starting) < _AT_ONCE:
                    program = waiting.pop(0)
                    program.start()
                    starting[program.name] = program, time.monotonic()
                for program, started in list(starting.values()):
                    if self._settled(program, time.monotonic() - started):
                        self._say(f"  ✓ {program.name:<10} {time.monotonic() - opened:5.1f} s")
                        del starting[program.name]
                show(len(programs) - len(waiting) - len(starting), ", ".join(starting))
                time.sleep(0.1)

    def _settled(self, program: Program, seconds: float) -> bool:
        if program.died():
            raise LaunchError(f"{program.name} did not start:\n{program.last_words()}")
        if program.look() == "up":
            return True
        if seconds > program.patience:
            raise LaunchError(
                f"{program.name} was not ready within {seconds:.0f} s:\n{program.last_words()}"
            )
        return False

    def watch(
        self, meanwhile: Callable[[], None], pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Start again what dies, until told to stop; meanwhile is called twice a second.

        pause: passes so many seconds, and may end early.
        """
        while not self.stopping:
            for program in self.programs:
                if program.died() and not self.stopping:
                    self._say(f"  · {program.name} ended by itself; starting it again")
                    program.start()
            meanwhile()
            pause(_BETWEEN_LOOKS)

    def find(self, name: str) -> Program:
        """Return the program of that name; there must be one."""
        return next(each for each in self.programs if each.name == name)

    def restart(self, name: str, **environment: str) -> None:
        """End one program and start it again with other settings."""
        program = self.find(name)
        program.end()
        program.environment = {**program.environment, **environment}
        program.start()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Let watch() and open() return: a handler for SIGINT and SIGTERM."""
        self.stopping = True

    def close(self) -> None:
        """End every program, the last started first."""
        for program in reversed(self.programs):
            program.end()


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def free_port(wanted: int = 0) -> int:
    """Return the wanted port of loopback where it is free, else any other that is."""
    others = random.SystemRandom().sample(_PORTS, 100)
    for port in (wanted, *others) if wanted else others:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LaunchError("no free port on 127.0.0.1")


def answers(url: str) -> bool:
    """Return whether an HTTP GET of the URL gives 200."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # loopback knows no proxy
        try:
            return session.get(url, timeout=2).ok
        except requests.RequestException:
            return False
