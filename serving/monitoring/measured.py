"""Servables that are measured, around another: each run of the graph, and each request's run."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence

from serving import deadline
from serving.errors import ServingError
from serving.monitoring.metrics import Metrics
from serving.monitoring.statistics import Traffic, rows, size
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature
from serving.servable import Servable, Served


@dataclasses.dataclass(frozen=True, slots=True)
class _Around:
    """A model around another, of which it is told."""

    servable: Servable
    metrics: Metrics

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked."""
        return self.servable.signatures

    def close(self) -> None:
        """Free the model."""
        self.servable.close()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredGraph(_Around):
    """A version whose every run is counted, be it of a request or of a batch."""

    model: str
    number: int

    def run(
        self, signature_name: str, inputs: Mapping[str, Array], output_filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        began = time.perf_counter()
        try:
            return self.servable.run(signature_name, inputs, output_filter)
        finally:
            self.metrics.graph(self.model, self.number, began, rows(inputs))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _MeasuredRun(_Around):
    """A model as one request uses it, whose run is counted for the request's API."""

    model: str
    api: str
    traffic: Traffic

    def run(
        self, signature_name: str, inputs: Mapping[str, Array], output_filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        if self.api != "Predict":  # but of tf.Examples, all in one input
            self.metrics.examples(self.model, len(inputs["inputs"]))
        self.traffic.rows, self.traffic.received = rows(inputs), size(inputs)
        deadline.remaining()  # what came too late is not run
        began = time.perf_counter()
        outputs = self.servable.run(signature_name, inputs, output_filter)
        self.metrics.runtime(self.model, self.api, began)
        self.traffic.sent = size(outputs)
        return outputs


@contextlib.contextmanager
def measured(served: Served, metrics: Metrics, api: str) -> Iterator[Served]:
    """Give the version in use; what is done within is counted for it, its runs for this API."""
    began, status, traffic = time.perf_counter(), "INTERNAL", Traffic()
    run = _MeasuredRun(
        servable=served.servable, metrics=metrics, model=served.name, api=api, traffic=traffic
    )
    try:
        yield dataclasses.replace(served, servable=run)
        status = "OK"
    except ServingError as error:
        status = error.code
        raise
    finally:
        metrics.version(served.name, served.version, status, began, traffic)
