"""The account of all messages: what became of each, and that none was lost or answered twice."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable
from typing import Any

from labels import LANGUAGES, phrase
from simulator.story import Trace
from simulator.transcript import Transcript

LOST_AFTER = 120  # seconds without any sign
_OK = 200
_LOOKED_AT = 200  # open messages at a time
_APOLOGIES = tuple(phrase(language, "apology") for language in LANGUAGES)
_EXCUSES = {phrase(language, "busy") for language in LANGUAGES}  # said where Redis is away
_LIMITS = {  # said once; what comes soon after is refused without a word
    phrase(language, key)
    for language in LANGUAGES
    for key in ("too_many_a_minute", "too_many_a_day")
}
_UNSEEN = {"parked", "dropped", "unknown"}  # nothing on the phone shows them: that is noted
_PUSHED = {"sent", "apologised", "unknown"}  # outcomes after which one text was pushed
_Said = collections.deque[tuple[int, str]]


class Ledger:
    """Counts as it goes: what has an end is not looked at again."""

    def __init__(
        self, transcript: Transcript, trace: Trace, clock: Callable[[], float] = time.time
    ) -> None:
        self._transcript, self._trace, self._clock = transcript, trace, clock
        self._lock = threading.Lock()  # several pages may ask at once
        self._next = 0
        self._open = dict[int, dict[str, Any]]()  # pushes by their numbers
        self._kept = dict[int, tuple[str, tuple[str, ...]]]()  # by push: for whom, what
        # What the webhook itself has said to each follower last, by its number in the transcript.
        self._said = collections.defaultdict[str, _Said](lambda: collections.deque(maxlen=20))
        self._passive = dict[int, str]()  # how the webhook itself ended a message
        self._silent = set[int]()  # pushes that the webhook took without a word
        self._ends: collections.Counter[str] = collections.Counter()
        self._pushes: collections.Counter[str] = collections.Counter()  # texts, by follower
        self._expected: collections.Counter[str] = collections.Counter()
        self._accepted = 0

    def count(self) -> dict[str, int]:
        """Return how many messages came, and how many of them ended in which way."""
        with self._lock:
            return self._count()

    def _count(self) -> dict[str, int]:
        for entry in self._transcript.since(self._next):
            self._next = entry["number"] + 1
            self._read(entry)
        for push in list(self._open.values())[:_LOOKED_AT]:
            self._settle(push)
        self._collect()
        now = self._clock()
        lost = sum(now - push["real"] > LOST_AFTER for push in self._open.values())
        return {
            "accepted": self._accepted,
            "answered": self._ends["sent"] + self._ends["answer"],
            "apologised": self._ends["apologised"] + self._ends["outage"],
            "kept": self._ends["parked"] + self._ends["unknown"],
            "dropped": self._ends["dropped"],
            "waiting": len(self._open) - lost,
            "lost": lost,
            "doubled": self._doubled(),
        }

    def _read(self, entry: dict[str, Any]) -> None:
        if entry["kind"] == "push" and entry["message"]:
            self._accepted += 1
            self._open[entry["number"]] = entry
        elif entry["kind"] == "answer" and entry["way"] == "push":
            self._pushes[entry["follower"]] += 1
        elif entry["kind"] == "delivery" and entry["status"] == _OK and entry["silent"]:
            self._silent.add(entry["push"])
        elif entry["kind"] in {"answer", "outage"}:
            self._said[entry["follower"]].append((entry["number"], entry["text"]))
            excused = entry["kind"] == "answer" and entry["text"] in _EXCUSES
            self._passive.setdefault(entry["push"], "apologised" if excused else entry["kind"])

    def _collect(self) -> None:
        """Count what was kept as answered, where a later passive reply is headed by it."""
        for number, (follower, texts) in list(self._kept.items()):
            later = [said for at, said in self._said[follower] if number < at]
            if any(text in said for text in texts for said in later):
                del self._kept[number]
                self._ends["parked"] -= 1
                self._ends["answer"] += 1

    def _settle(self, push: dict[str, Any]) -> None:
        facts = self._trace(push["follower"], push["message"], push["created"])
        passive = self._passive.get(push["number"], "")
        end = facts.get("outcome") or ("" if "job" in facts else passive or self._refused(push))
        if not end:
            return
        if end in _PUSHED:
            self._expected[push["follower"]] += 1
        end = "answer" if end == "parked" and passive == "answer" else end
        self._ends[end] += 1
        del self._open[push["number"]]
        if end == "parked":
            # Where no attempt got as far as a reply, the worker apologises without keeping one.
            text = facts["reply"].get("text")
            self._kept[push["number"]] = push["follower"], (text,) if text else _APOLOGIES
        if end in _UNSEEN:
            self._transcript.add(
                "end", push["at"], follower=push["follower"], push=push["number"], outcome=end
            )

    def _refused(self, push: dict[str, Any]) -> str:
        told = any(text in _LIMITS for _, text in self._said[push["follower"]])
        return "dropped" if told and push["number"] in self._silent else ""

    def _doubled(self) -> int:
        """Return how many more texts were pushed than there are messages that called for one."""
        waiting = collections.Counter(push["follower"] for push in self._open.values())
        return sum(
            max(0, pushed - self._expected[follower] - waiting[follower])
            for follower, pushed in self._pushes.items()
        )
