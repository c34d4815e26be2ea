"""grpc.health.v1.Health, by --enable_grpc_healthcheck_service.

Source: tensorflow_serving/model_servers/server.cc: the server, ModelService and PredictionService
are SERVING from when the port is open; whether a model is, GetModelStatus says.
"""

from __future__ import annotations

from collections.abc import Callable

from serving.errors import NotFound
from serving.protocol.health_pb2 import HealthCheckRequest, HealthCheckResponse

NAME = "grpc.health.v1.Health"
_SERVICES = {"", "ModelService", "PredictionService"}


def check(request: HealthCheckRequest) -> HealthCheckResponse:
    """Return SERVING; raise NotFound for a service that there is not."""
    if request.service not in _SERVICES:
        raise NotFound("")
    return HealthCheckResponse(status="SERVING")


def watch(data: bytes, _context: object, send: Callable[[HealthCheckResponse], None]) -> None:
    """Send the state of a service: it stays the same for as long as the call is open."""
    known = HealthCheckRequest.FromString(data).service in _SERVICES
    send(HealthCheckResponse(status="SERVING" if known else "SERVICE_UNKNOWN"))


# gRPC then gives no thread to a call that is open but sends nothing more.
watch.experimental_non_blocking = True  # type: ignore[attr-defined]
CALLS = {"Check": (HealthCheckRequest, check)}
WATCHES = {"Watch": watch}
