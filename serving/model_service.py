"""tensorflow.serving.ModelService: messages in, messages out.

Sources: tensorflow_serving/model_servers/{model_service_impl,get_model_status_impl}.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from serving.errors import NUMBERS, InvalidArgument
from serving.lifecycle.catalogue import Catalogue
from serving.protocol.model_service_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelVersionStatus,
    ReloadConfigRequest,
    ReloadConfigResponse,
)
from serving.servable import VersionStatus


class ModelService:
    """The two calls. Each raises ServingError where gRPC is to give a status other than OK."""

    NAME = "tensorflow.serving.ModelService"

    def __init__(self, catalogue: Catalogue) -> None:
        """Answer for these models."""
        self._catalogue = catalogue
        self.calls: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
            "GetModelStatus": (GetModelStatusRequest, self.get_model_status),
            "HandleReloadConfigRequest": (ReloadConfigRequest, self.handle_reload_config_request),
        }

    def get_model_status(self, request: GetModelStatusRequest) -> GetModelStatusResponse:
        """Return the state of one version, or of all, the newest first; a label says nothing."""
        if not request.HasField("model_spec"):
            raise InvalidArgument("Missing ModelSpec")
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        response = GetModelStatusResponse()
        for each in self._catalogue.status(spec.name, version):
            response.model_version_status.append(_message(each))
        return response

    def handle_reload_config_request(self, request: ReloadConfigRequest) -> ReloadConfigResponse:
        """Serve what the request names and nothing else; return when it is done, or has failed."""
        self._catalogue.reload(request.config)
        response = ReloadConfigResponse()
        response.status.SetInParent()
        return response


def _message(version: VersionStatus) -> ModelVersionStatus:
    message = ModelVersionStatus(version=version.number, state=version.state)
    message.status.error_code = NUMBERS[version.code]
    message.status.error_message = version.message
    return message
