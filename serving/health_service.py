"""grpc.health.v1.Health, by --enable_grpc_healthcheck_service.

Source: tensorflow_serving/model_servers/server.cc: the server, ModelService and PredictionService
are SERVING from when the port is open; whether a model is, GetModelStatus says. There is no Watch:
it would hold a thread for each who watches, and by the protocol its absence means "healthy".
"""

from __future__ import annotations

from serving.errors import NotFound
from serving.protocol.health_pb2 import HealthCheckRequest, HealthCheckResponse

NAME = "grpc.health.v1.Health"
_SERVICES = {"", "ModelService", "PredictionService"}


def check(request: HealthCheckRequest) -> HealthCheckResponse:
    """Return SERVING; raise NotFound for a service that there is not."""
    if request.service not in _SERVICES:
        raise NotFound("")
    return HealthCheckResponse(status="SERVING")


CALLS = {"Check": (HealthCheckRequest, check)}
