"""What just happened to one message, as bars on one line of time.

    0 ── delivery ──┤                              each try of WeChat's courier
      ├─ queue ─┤─ fetch ─┤─ prepare ─┤─ model ─┤─ send ─┤        the job's own notes
                  └ call ┘                        └ call ┘       what WeChat's API saw

The parts are told by whoever saw them: deliveries and calls by the simulator, steps by the job.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from simulator.errors import WrongField
from simulator.transcript import Transcript

Trace = Callable[
    [str, str, int], dict[str, Any]
]  # follower, MsgId, CreateTime -> what became of it
_EARLY = 0.005  # seconds by which a note may be before what it is about
_TOKEN = "stable_token"  # noqa: S105  # the name of an API


def tell(transcript: Transcript, trace: Trace, number: int) -> dict[str, Any]:
    """Return the story of the push with that number; times in seconds since its first delivery.

    Raises WrongField where there is none.
    """
    entries = transcript.since(number) if number >= 0 else []
    if not entries or entries[0]["kind"] != "push":
        raise WrongField(f"push={number} is no push; expected the number of one in /chat/events")
    push, later = entries[0], entries[1:]
    facts = trace(push["follower"], push["message"], push["created"]) if push["message"] else {}
    spans = [
        *_deliveries([each for each in later if each["kind"] == "delivery" and _of(each, push)]),
        *_steps(facts),
        *_calls(push, later, facts),
    ]
    begin = min((span["begin"] for span in spans), default=push["real"])
    for span in spans:
        span["begin"], span["end"] = span["begin"] - begin, span["end"] - begin
    spans.sort(key=lambda span: (span["begin"], span["end"]))
    answers = [each["text"] for each in later if each["kind"] == "answer" and _of(each, push)]
    return {
        "push": push,
        "spans": spans,
        "answers": answers,
        "outage": any(each["kind"] == "outage" and _of(each, push) for each in later),
        "total": max([0.0, *(span["end"] for span in spans)]),
        "trace": facts,
    }


def _of(entry: Mapping[str, Any], push: Mapping[str, Any]) -> bool:
    return bool(entry.get("push") == push["number"])


def _deliveries(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return them numbered as they set out: copies of the same instant in no order of their own."""
    shown = ("attempt", "status", "mode", "query", "body", "reply")
    ordered = sorted(entries, key=lambda each: (each["attempt"], each["began"]))
    spans = list[dict[str, Any]]()
    for entry in ordered:
        copy = 1 + sum(each["detail"]["attempt"] == entry["attempt"] for each in spans)
        detail = {"copy": copy, **{key: entry[key] for key in shown}}
        spans.append(_span("delivery", "webhook", entry["began"], entry["ms"] / 1000, detail))
    return spans


def _steps(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    spans, begin = [], facts.get("received", 0.0)
    for name, seconds in facts.get("steps", []):
        spans.append(_span(name, "worker", begin, seconds, {}))
        begin += seconds
    return spans


def _calls(
    push: Mapping[str, Any], later: list[dict[str, Any]], facts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the calls about this message: for its picture, its answer, and tokens meanwhile."""
    if not facts:
        return []
    times = _times(facts)
    return [
        _span("call", "api", each["began"], each["ms"] / 1000, _told(each))
        for each in later
        if each["kind"] == "call" and _is_about(each, push, times)
    ]


def _times(facts: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return when the job as a whole, and when its send, began and ended."""
    sent = facts["received"] + sum(seconds for _, seconds in facts["steps"])
    end = sent if "outcome" in facts else math.inf
    send = dict(facts["steps"]).get("send", -math.inf)
    return {"job": (facts["received"], end), "send": (sent - send, end)}


def _is_about(
    call: Mapping[str, Any], push: Mapping[str, Any], times: Mapping[str, tuple[float, float]]
) -> bool:
    if call["media_id"]:
        return bool(call["media_id"] == push["picture"])
    begin, end = times["job" if call["api"] == _TOKEN else "send"]
    known = call["api"] == _TOKEN or call["follower"] == push["follower"]
    return bool(known and begin - _EARLY <= call["began"] <= end)


def _told(call: Mapping[str, Any]) -> dict[str, Any]:
    return {key: call[key] for key in ("api", "method", "errcode", "errmsg", "body")}


def _span(
    name: str, lane: str, begin: float, seconds: float, detail: dict[str, Any]
) -> dict[str, Any]:
    return {"name": name, "lane": lane, "begin": begin, "end": begin + seconds, "detail": detail}
