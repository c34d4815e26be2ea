"""What the gRPC port does by its flags, and with what is no request at all."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import classification_pb2

from serving import grpc_server
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.protocol.health_pb2 import HealthCheckRequest, HealthCheckResponse
from tests.serving.asking import example, predict_request, refusal
from tests.serving.conftest import Fronts, serve

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def test_answers_are_raw_bytes_where_a_flag_says_so(catalogue: Catalogue) -> None:
    with serve(catalogue, enable_serialization_as_tensor_content=True) as fronts:
        request = predict_request("half_plus_two", x=[2.0])
        output = fronts.predictions().Predict(request, timeout=20).outputs["y"]
    assert output.tensor_content == b"\x00\x00\x40\x40"
    assert not output.float_val


def test_method_name_is_checked_where_a_flag_says_so(catalogue: Catalogue) -> None:
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = "examples", "labels"
    request.input.example_list.examples.append(example())
    with serve(catalogue, enable_signature_method_name_check=True) as fronts:
        assert refusal(fronts.predictions().Classify, request) == (
            "INVALID_ARGUMENT",
            (
                "Expected classification signature method_name to be tensorflow/serving/classify. "
                "Was: tensorflow/serving/predict"
            ),
        )


def health(fronts: Fronts, service: str) -> HealthCheckResponse:
    request = HealthCheckRequest(service=service).SerializeToString()
    return HealthCheckResponse.FromString(fronts.call("/grpc.health.v1.Health/Check", request))


def test_health_by_flag(catalogue: Catalogue) -> None:
    with serve(catalogue, enable_grpc_healthcheck_service=True) as fronts:
        for service in ("", "ModelService", "PredictionService"):
            assert health(fronts, service).status == HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            health(fronts, "elsewhere")
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_who_watches_is_told_at_once_and_holds_no_thread(catalogue: Catalogue) -> None:
    with serve(catalogue, enable_grpc_healthcheck_service=True, grpc_max_threads=1) as fronts:
        watch = fronts.channel.unary_stream("/grpc.health.v1.Health/Watch")
        requests = [HealthCheckRequest(service=name) for name in ("", "ModelService", "elsewhere")]
        calls = [watch(each.SerializeToString(), timeout=60) for each in requests]
        found = [HealthCheckResponse.FromString(next(call)).status for call in calls]
        serving, unknown = HealthCheckResponse.SERVING, HealthCheckResponse.SERVICE_UNKNOWN
        assert found == [serving, serving, unknown]
        assert health(fronts, "").status == serving
        for call in calls:
            call.cancel()


def test_without_the_flag_there_is_no_health_service(fronts: Fronts) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        health(fronts, "")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_message_above_the_limit_is_refused_and_the_server_lives(catalogue: Catalogue) -> None:
    with serve(catalogue, max_request_bytes=1000) as fronts:
        code, _ = refusal(fronts.predictions().Predict, predict_request("m", x=[1.0] * 1000))
        assert code == "RESOURCE_EXHAUSTED"
        small = predict_request("half_plus_two", x=[2.0])
        assert fronts.predictions().Predict(small, timeout=20).outputs["y"].float_val == [3.0]


def test_bytes_that_are_no_message(fronts: Fronts) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        fronts.call(PREDICT, b"\xff" * 20)
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert caught.value.details() == "Request is not a PredictRequest"


def test_few_bytes_cannot_ask_for_much_memory(fronts: Fronts) -> None:
    request = predict_request("half_plus_two", x=[1.0])
    request.inputs["x"].tensor_shape.dim[0].size = 2**40
    found = refusal(fronts.predictions().Predict, request)
    assert found == ("INVALID_ARGUMENT", "tensor parsing error: x")


def test_calls_at_once_are_all_answered(fronts: Fronts) -> None:
    stub, request = fronts.predictions(), predict_request("half_plus_two", x=[2.0])
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: stub.Predict(request, timeout=20), range(64)))
    assert {answer.outputs["y"].float_val[0] for answer in answers} == {3.0}


def metadata(pair: bytes) -> list[tuple[str, str]]:
    import base64

    return [("authorization", f"Basic {base64.b64encode(pair).decode()}")]


def test_password_is_asked_of_all_but_probes(catalogue: Catalogue, tmp_path: Path) -> None:
    path, request = tmp_path / "passwords", predict_request("half_plus_two", x=[2.0])
    path.write_text("ann:secret\n")
    with serve(catalogue, basic_auth_file=path, enable_grpc_healthcheck_service=True) as fronts:
        predict = fronts.predictions().Predict
        assert refusal(predict, request)[0] == "UNAUTHENTICATED"
        with pytest.raises(grpc.RpcError) as caught:
            predict(request, metadata=metadata(b"ann:wrong"), timeout=20)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert predict(request, metadata=metadata(b"ann:secret"), timeout=20).outputs
        assert health(fronts, "").status == HealthCheckResponse.SERVING


def test_port_in_use_is_said(catalogue: Catalogue) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on port {port}"):
            grpc_server.start(catalogue, Flags(port=port, rest_api_host="127.0.0.1"))


def test_unix_socket(catalogue: Catalogue, tmp_path: Path) -> None:
    path, request = tmp_path / "grpc", predict_request("half_plus_two", x=[2.0])
    server = grpc_server.start(catalogue, Flags(port=0, grpc_socket_path=str(path)))
    with grpc.insecure_channel(f"unix:{path}") as channel:
        found: Any = Fronts(url="", channel=channel).predictions().Predict(request, timeout=20)
    assert found.outputs["y"].float_val == [3.0]
    server.stop(None).wait()
