"""What the webhook counts, for Prometheus: docs/metrics.md.

Labels come from closed sets only; no follower and no message is one.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

MESSAGES = Counter(
    "kantu_app_messages_total", "Messages let in, by what became of them.", ["kind", "result"]
)
REFUSED_REQUESTS = Counter(
    "kantu_app_refused_requests_total", "Requests refused, by the words of the log.", ["reason"]
)
ANSWER_SECONDS = Histogram(
    "kantu_app_answer_seconds", "From a push to its answer, which WeChat awaits for 5 s.",
    buckets=_SECONDS,
)  # fmt: skip
