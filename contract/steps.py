"""How long each step of a message took: told by the times that its job notes.

    received ── queue ──> started ── fetch ──> fetched ── prepare ──> prepared ── model ──> seen
    seen ── turn ──> claimed ── send ──> sent, which is when the outcome was known, whatever it is

Where an attempt failed, `retried` is when the last one started; `retry` ends there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# What a job notes at the end of each step, in seconds since 1970: that, and the step's name.
STEPS: MappingProxyType[str, str] = MappingProxyType(
    {
        "started": "queue",
        "retried": "retry",
        "fetched": "fetch",
        "prepared": "prepare",
        "seen": "model",
        "claimed": "turn",
        "sent": "send",
    }
)


def durations(received: float, noted: Mapping[str, Any]) -> dict[str, float]:
    """Return the seconds of each step that a message went through, in their order.

    Together they are the time since it was received; for a step is from one note to the next.
    """
    notes = sorted((float(noted[name]), step) for name, step in STEPS.items() if name in noted)
    begins = [received, *(end for end, _ in notes)]
    # Another host's clock may be ahead of ours.
    return {step: max(0.0, end - begin) for begin, (end, step) in zip(begins, notes, strict=False)}
