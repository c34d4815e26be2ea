"""GetModelStatus and HandleReloadConfigRequest by TensorFlow Serving's own stubs."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from tests.serving.asking import refusal
from tests.serving.conftest import Fronts


def status_request(name: str) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    return request


def test_status(fronts: Fronts) -> None:
    (status,) = (
        fronts.models().GetModelStatus(status_request("half_plus_two"), timeout=20)
    ).model_version_status
    assert (status.version, status.state) == (1, 30)
    assert (status.status.error_code, status.status.error_message) == (0, "")


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [  # get_model_status_impl.cc:100,89
        (get_model_status_pb2.GetModelStatusRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (status_request("none"), "NOT_FOUND", "Could not find any versions of model none"),
    ],
)
def test_wrong_status_request(fronts: Fronts, request_: Any, code: str, text: str) -> None:
    assert refusal(fronts.models().GetModelStatus, request_) == (code, text)


def test_status_of_one_version(fronts: Fronts) -> None:
    request = status_request("half_plus_two")
    request.model_spec.version.value = 9
    found = refusal(fronts.models().GetModelStatus, request)
    assert found == ("NOT_FOUND", "Could not find version 9 of model half_plus_two")


def test_reload_without_a_list_is_refused(fronts: Fronts) -> None:  # model_service_impl.cc
    request = model_management_pb2.ReloadConfigRequest()
    code, text = refusal(fronts.models().HandleReloadConfigRequest, request)
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("ServerModelConfig type not supported by HandleReloadConfigRequest.")
