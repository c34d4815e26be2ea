"""A stage for the worker's threads: each moves from one trip to Redis to the next when told to.

So a test can have two workers and the webhook take turns in any order, let one die between any two
steps, and have time pass meanwhile; everything runs the same way twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis

ECHO = b"*2\r\n$4\r\nECHO\r\n$5\r\nstage\r\n"
_SHIFT = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - 1000 * ARGV[1]) end
    if redis.call('TYPE', key).ok == 'zset' and string.sub(key, 1, 3) == 'rq:' then
        for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
            redis.call('ZINCRBY', key, -ARGV[1], member)
        end
    end
end
"""


class Killed(BaseException):
    """The process of this thread is no more; nothing that it would still do is done."""


class Actor(threading.Thread):
    """Somebody who does a piece of work, and stands still before each step."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.holding = ""  # the job whose claim it took last
        self.looking_at = ""  # the media_id that it fetched last
        self.failure: BaseException | None = None
        self.at = ""  # what its next step is; empty for a trip to Redis
        self.done = False
        self._work = work
        self._killed = False
        self._trip_fails: bool | None = None  # before Redis does what it is told, or after
        self._go, self._still = threading.Semaphore(0), threading.Semaphore(0)
        self.start()

    def run(self) -> None:
        """Wait for the first step()."""
        self._go.acquire()
        try:
            if not self._killed:
                self._work()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # for the test to judge
            self.failure = error
        self.done = True
        self._still.release()

    def pause(self, at: str) -> bool | None:
        """Stand still until the next step; return how the trip to Redis fails, if it does."""
        if self._killed:
            raise Killed
        self.at = at
        self._still.release()
        self._go.acquire()
        if self._killed:
            raise Killed
        fails, self._trip_fails = self._trip_fails, None
        return fails

    def step(self, times: int = 1) -> None:
        """Let it do so many steps, or come to its end."""
        for _ in range(times):
            if self.done:
                return
            self._go.release()
            if not self._still.acquire(timeout=30):
                raise RuntimeError("an actor does not come to its next step")

    def fail_trip(self, *, done: bool) -> None:
        """Have it hear nothing of its next trip to Redis, which is done or is not."""
        self._trip_fails = done
        self.step()

    def go_to(self, at: str) -> None:
        """Let it come to that step, or to its end."""
        self.step()
        while not self.done and self.at != at:
            self.step()

    def finish(self) -> None:
        """Let it come to its end."""
        while not self.done:
            self.step()

    def kill(self) -> None:
        """End it where it stands."""
        self._killed = True
        self.finish()


def actor() -> Actor | None:
    """Return who is acting just now; None where that is the test itself."""
    thread = threading.current_thread()
    return thread if isinstance(thread, Actor) else None


def pause(at: str = "") -> bool | None:
    """Let whoever acts stand still here."""
    acting = actor()
    return acting.pause(at) if acting else None


class StagedConnection(redis.Connection):
    """A connection to Redis whose every trip is a step of an actor's."""

    _opening = _abandoned = False

    def connect(self) -> None:
        """Connect, which is no step."""
        self._abandoned, self._opening = False, True
        super().connect()
        self._opening = False

    def send_packed_command(self, command: object, check_health: bool = True) -> None:
        """Send it; raise redis.TimeoutError where the trip is to fail."""
        if self._abandoned:  # by somebody dead, who would still leave a transaction
            raise redis.ConnectionError
        try:
            fails = None if self._opening else pause()
        except Killed:
            self._abandoned = True
            self.disconnect()
            raise
        if fails is not False:
            super().send_packed_command(command, check_health)
        if fails is None:
            return
        if fails:
            self._await_end()
        self.disconnect()
        raise redis.TimeoutError

    def _await_end(self) -> None:
        """Wait until Redis has done what it was told."""
        super().send_packed_command([ECHO], check_health=False)
        while self._answer() != b"stage":
            pass

    def _answer(self) -> object:
        try:
            return self.read_response()
        except redis.ResponseError as error:
            return error


def staged(client: redis.Redis) -> redis.Redis:
    """Return the client, each trip of which is a step from now on."""
    client.connection_pool.connection_class = StagedConnection
    return client


class Time:
    """Stands for the module time in ours; Redis and RQ are made older instead."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds
        self.sleep: Callable[[float], None] = time.sleep

    def time(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self.ahead

    def monotonic(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic() + self.ahead

    def pass_in(self, connection: redis.Redis, seconds: float) -> None:
        """Let time pass, for us and for what Redis holds."""
        self.ahead += seconds
        connection.eval(_SHIFT, 0, str(seconds))
