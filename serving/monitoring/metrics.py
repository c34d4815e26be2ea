"""What is counted, under TensorFlow Serving's names; all times are microseconds.

Sources: tensorflow_serving/servables/tensorflow/{util,saved_model_warmup_util}.cc and
batching/batching_session.cc, tensorflow/core/common_runtime/metrics.cc. Ours begin with :kantu:.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from serving.errors import ServingError
from serving.monitoring.exposition import Counter, Histogram, Metric, exponential, page
from serving.monitoring.statistics import Statistics, Traffic

_LATENCY = exponential(10, 1.8, 33)  # to 20 minutes
_QUEUING = exponential(100, 1.2, 52)  # to a second
_GRAPH = exponential(1000, 2, 20)  # to 9 minutes
_EXAMPLES = exponential(1, 2, 15)
_ROWS = exponential(1, 2, 11)  # to 1024
_WHERE = ("model_name", "API")
_WHICH = ("model_name", "version")


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        """Start at nothing."""
        serving, core = ":tensorflow:serving:", ":tensorflow:core:"
        batching = f"{serving}batching_session:"
        self._requests = Counter(f"{serving}request_count", "model_name", "status")
        self._latency = Histogram(f"{serving}request_latency", *_WHERE, "entrypoint", ends=_LATENCY)
        self._runtime = Histogram(f"{serving}runtime_latency", *_WHERE, "runtime", ends=_LATENCY)
        self._examples = Histogram(f"{serving}request_example_counts", "model", ends=_EXAMPLES)
        self._all_examples = Counter(f"{serving}request_example_count_total", "model")
        self._warm_up = Histogram(
            f"{serving}model_warmup_latency", "model_path", "status", ends=_LATENCY
        )
        self._queuing = Histogram(f"{batching}queuing_latency", "thread_pool_name", ends=_QUEUING)
        self._wrapped_runs = Counter(f"{batching}wrapped_run_count")
        self._graph_runs = Counter(f"{core}graph_runs")
        self._graph_time = Counter(f"{core}graph_run_time_usecs")
        self._graph_times = Histogram(f"{core}graph_run_time_usecs_histogram", ends=_GRAPH)
        self._batch_size = Histogram(":kantu:serving:batch_size", "model_name", ends=_ROWS)
        self._queue_time = Histogram(":kantu:serving:queue_time", "model_name", ends=_QUEUING)
        version = ":kantu:serving:version_"
        self._version_requests = Counter(f"{version}request_count", *_WHICH, "status")
        self._version_latency = Histogram(f"{version}request_latency", *_WHICH, ends=_LATENCY)
        self._version_rows = Histogram(f"{version}run_rows", *_WHICH, ends=_ROWS)
        self._version_bytes = Counter(f"{version}tensor_bytes", *_WHICH, "direction")
        self.statistics = Statistics()

    def page(self) -> str:
        """Return what Prometheus reads."""
        return page([each for each in vars(self).values() if isinstance(each, Metric)])

    @contextlib.contextmanager
    def request(self, model: str, api: str, entrypoint: str) -> Iterator[None]:
        """Count what is done within; only a good answer has a latency, as in TensorFlow Serving."""
        began = time.perf_counter()
        status = "INTERNAL"
        try:
            yield
            status = "OK"
            self._latency.observe(_micros(began), model, api, entrypoint)
        except ServingError as error:
            status = error.code
            raise
        finally:
            self._requests.add(model, status)

    def version(self, model: str, number: int, status: str, began: float, traffic: Traffic) -> None:
        """Count a request to a version that began then, on time.perf_counter's clock."""
        seconds, which = time.perf_counter() - began, (model, str(number))
        self._version_requests.add(*which, status)
        if status == "OK":
            self._version_latency.observe(int(seconds * 1e6), *which)
        self._version_bytes.add(*which, "received", amount=traffic.received)
        self._version_bytes.add(*which, "sent", amount=traffic.sent)
        self.statistics.of(model, number).request(status, seconds, traffic)

    def runtime(self, model: str, api: str, began: float) -> None:
        """Count a run of a model that began then, on time.perf_counter's clock, and went well."""
        self._runtime.observe(_micros(began), model, api, "TF1")

    def examples(self, model: str, number: int) -> None:
        """Count the tf.Examples of a request."""
        self._examples.observe(number, model)
        self._all_examples.add(model, amount=number)

    def graph(self, model: str, number: int, began: float, rows: int) -> None:
        """Count a run of a version's graph on so many rows, of one request or of a batch."""
        micros = _micros(began)
        self._version_rows.observe(rows, model, str(number))
        self.statistics.of(model, number).run(rows)
        self._graph_runs.add()
        self._graph_time.add(amount=micros)
        self._graph_times.observe(micros)

    @contextlib.contextmanager
    def warm_up(self, path: str) -> Iterator[None]:
        """Count a version's warm-up."""
        began, status = time.perf_counter(), "INTERNAL"
        try:
            yield
            status = "OK"
        except ServingError as error:
            status = error.code
            raise
        finally:
            self._warm_up.observe(_micros(began), path, status)

    def batch(self, model: str, pool: str) -> Callable[[int, Sequence[float]], None]:
        """Return what counts a batch: its rows, and the seconds that each request waited."""

        def observe(rows: int, waits: Sequence[float]) -> None:
            self._wrapped_runs.add()
            self._batch_size.observe(rows, model)
            for seconds in waits:
                self._queuing.observe(seconds * 1e6, pool)
                self._queue_time.observe(seconds * 1e6, model)

        return observe


def _micros(began: float) -> int:
    return int((time.perf_counter() - began) * 1e6)
