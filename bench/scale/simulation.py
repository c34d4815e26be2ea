"""A discrete-event simulation: messages that want cores and slots, and a clock that jumps.

A message is a generator. What it yields, it waits for: seconds, or what a resource gives it.
"""

from __future__ import annotations

import collections
import heapq
import itertools
from collections.abc import Callable, Iterator

_SLICE = 0.005  # seconds: who computes for longer lets others in; Python's switch interval
Request = Callable[["Clock", "Life"], None]
Life = Iterator[Request]


class Clock:
    """Simulated time, and what happens next."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        self._order = itertools.count()  # of what happens at one time
        self._next = list[tuple[float, int, Life]]()

    def after(self, seconds: float, life: Life) -> None:
        """Let something go on in so many seconds."""
        heapq.heappush(self._next, (self.now + seconds, next(self._order), life))

    def run(self) -> None:
        """Let everything happen, until nothing is left."""
        while self._next:
            self.now, _, life = heapq.heappop(self._next)
            if request := next(life, None):
                request(self, life)


def pause(seconds: float) -> Request:
    """Wait for others, who have no queue here."""
    return lambda clock, life: clock.after(seconds, life)


class Resource:
    """So many of something, given to one who asks after the other."""

    def __init__(self, number: int) -> None:
        self.free = number
        self._waiting = collections.deque[Life]()

    def take(self, clock: Clock, life: Life) -> None:
        """Give one, or have it wait for one."""
        if self.free:
            self.free -= 1
            clock.after(0, life)
        else:
            self._waiting.append(life)

    def give(self, clock: Clock) -> None:
        """Take one back; who waits longest has it."""
        if self._waiting:
            clock.after(0, self._waiting.popleft())
        else:
            self.free += 1


class Cores(Resource):
    """Cores that compute for everybody in turns."""

    def __init__(self, number: float) -> None:
        """Parts of a core count, too: 1.5 is two of three quarters each."""
        whole = max(1, -int(-number // 1))
        super().__init__(whole)
        self._speed = number / whole
        self.used = 0.0  # seconds of CPU, so far
        self.number = number

    def compute(self, clock: Clock, seconds: float) -> Life:
        """Compute for so many seconds of CPU, between others."""
        self.used += seconds
        while seconds > 0:
            turn = min(seconds, _SLICE)
            yield self.take
            yield pause(turn / self._speed)
            self.give(clock)
            seconds -= turn
