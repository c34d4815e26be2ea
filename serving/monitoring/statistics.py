"""What each version of each model was asked and how it did, for the JSON and the charts."""

from __future__ import annotations

import collections
import dataclasses
import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from serving.protocol.json_tensor import Array

_RECENT = 1000  # requests whose times are kept, of each version
_MINUTES = 60  # for which requests are kept by the minute
_MOST = 1000  # versions that are kept
_SHARES = (50, 95, 99)  # per cent


@dataclasses.dataclass(slots=True, kw_only=True)
class Traffic:
    """What one request's run took and gave."""

    rows: int = 0  # along the first dimension; 1 where there is none
    received: int = 0  # bytes of the input tensors
    sent: int = 0  # bytes of the output tensors


def size(arrays: Mapping[str, Array]) -> int:
    """Return the bytes of tensors, in strings those of their characters."""
    return sum(
        sum(map(len, array.ravel())) if array.dtype == object else array.nbytes
        for array in arrays.values()
    )


def rows(arrays: Mapping[str, Array]) -> int:
    """Return along how many rows the inputs go; 1 without a batch dimension."""
    return max((len(array) for array in arrays.values() if array.ndim), default=1)


class VersionStatistics:
    """Of one version of one model."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = 0
        self._errors: collections.Counter[str] = collections.Counter()  # by status
        self._seconds: collections.deque[float] = collections.deque(maxlen=_RECENT)
        self._rows: collections.Counter[int] = collections.Counter()  # requests by rows
        self._runs: collections.Counter[int] = collections.Counter()  # of the graph, by rows
        self._received = self._sent = 0
        self._minutes: dict[int, list[int]] = {}  # requests and errors, by minute since 1970

    def request(self, status: str, seconds: float, traffic: Traffic) -> None:
        """Count a request; only those that went well have a time."""
        minute = int(time.time() // 60)
        with self._lock:
            self._requests += 1
            self._received += traffic.received
            self._sent += traffic.sent
            counts = self._minutes.setdefault(minute, [0, 0])
            counts[0] += 1
            if status == "OK":
                self._seconds.append(seconds)
                self._rows[_power(traffic.rows)] += 1
            else:
                self._errors[status] += 1
                counts[1] += 1
            for old in [each for each in self._minutes if each <= minute - _MINUTES]:
                del self._minutes[old]

    def run(self, number: int) -> None:
        """Count a run of the graph on so many rows, of one request or of a batch of them."""
        with self._lock:
            self._runs[_power(number)] += 1

    def as_json(self) -> dict[str, Any]:
        """Return all of it; times in milliseconds."""
        this = int(time.time() // 60)
        with self._lock:
            seconds = sorted(self._seconds)
            minutes = [self._minutes.get(this - ago, [0, 0]) for ago in range(_MINUTES)][::-1]
            return {
                "requests": self._requests,
                "errors": sum(self._errors.values()),
                "errors_by_status": dict(sorted(self._errors.items())),
                "latency_ms": {f"p{share}": _share(seconds, share) for share in _SHARES},
                "rows_per_request": _histogram(self._rows),
                "rows_per_run": _histogram(self._runs),
                "bytes_received": self._received,
                "bytes_sent": self._sent,
                "requests_per_minute": [each[0] for each in minutes],
                "errors_per_minute": [each[1] for each in minutes],
            }


def _power(number: int) -> int:
    """Return the power of two that is not below the number."""
    return 1 << max(0, number - 1).bit_length()


def _histogram(counts: Mapping[int, int]) -> dict[str, int]:
    return {f"<={end}": counts[end] for end in sorted(counts)}


def _share(ordered: Sequence[float], share: int) -> float | None:
    """Return the milliseconds that so many per cent took at most: the nearest rank."""
    if not ordered:
        return None
    return round(ordered[math.ceil(len(ordered) * share / 100) - 1] * 1000, 3)


class Statistics:
    """Of all versions that were asked."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self._versions: dict[tuple[str, int], VersionStatistics] = {}

    def of(self, model: str, version: int) -> VersionStatistics:
        """Return those of a version; one more than can be kept are counted for nobody."""
        key = (model, version)
        with self._lock:
            found = self._versions.get(key)
            if found is None:
                found = VersionStatistics()
                if len(self._versions) < _MOST:
                    self._versions[key] = found
            return found

    def as_json(self) -> list[dict[str, Any]]:
        """Return what there is, by model and then version."""
        with self._lock:
            found = sorted(self._versions.items(), key=lambda item: item[0])
        return [
            {"model_name": model, "model_version": version, **each.as_json()}
            for (model, version), each in found
        ]
