"""Whatever comes, both fronts answer, with the client's mistake where it is one, and live."""

from __future__ import annotations

import json
from collections.abc import Iterator

import grpc
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.protocol import prediction_service_pb2 as messages
from serving.protocol.tensor_pb2 import TensorProto
from tests.serving.conftest import Fronts

MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What TensorFlow Serving itself would answer to these: nothing of them is a fault of the server.
FINE = {200, 400, 404, 413, 501}
REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNIMPLEMENTED,
}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
names = st.sampled_from(["x", "inputs", "number", "text", "b64", "c"]) | st.text(max_size=3)
values = st.recursive(
    scalars | st.fixed_dictionaries({"b64": st.text("aZ+/=_", max_size=6)}),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["instances", "inputs", "examples", "context", "signature_name"])
bodies = (
    st.dictionaries(keys, values, max_size=3).map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=60)
    | st.text('{}[]":,\\u1e-NaIinstce', max_size=60).map(str.encode)
)
paths = st.sampled_from(
    [f"{model}{verb}" for model in ("half_plus_two", "many_types", "examples", "none")
     for verb in (":predict", ":classify", ":regress", "/versions/1:predict")]
)  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


@MANY
@given(path=paths, body=bodies)
def test_bodies(fronts: Fronts, session: requests.Session, path: str, body: bytes) -> None:
    response = session.post(f"{fronts.url}/{path}", data=body, timeout=20)
    assert response.status_code in FINE
    assert list(response.json()) in [["error"], ["predictions"], ["outputs"], ["results"]]


@MANY
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
    path=st.text("/:%aVv1é2", max_size=12)
    | st.lists(st.sampled_from(["/v1", "/models", "/m", ":predict", "/labels"])).map("".join),
)
def test_paths(fronts: Fronts, session: requests.Session, method: str, path: str) -> None:
    url = fronts.url.removesuffix("/v1/models") + "/v1/" + path
    assert session.request(method, url, timeout=20, allow_redirects=False).status_code in FINE


def tensor(
    dtype: int, sizes: list[int], content: bytes, floats: list[float], strings: list[bytes]
) -> TensorProto:
    proto = TensorProto(tensor_content=content, float_val=floats, string_val=strings)
    proto.dtype = dtype  # type: ignore[assignment]
    proto.int_val.extend(len(each) for each in strings)
    proto.half_val.extend(size % 2**16 for size in sizes)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


tensors = st.builds(
    tensor,
    st.integers(-1, 130) | st.sampled_from([1, 7]),
    st.lists(st.integers(-2, 4) | st.sampled_from([2**31, 2**62]), max_size=3),
    st.binary(max_size=16),
    st.lists(st.floats(width=32), max_size=4),
    st.lists(st.binary(max_size=4), max_size=3),
)


@st.composite
def predict_requests(draw: st.DrawFn) -> bytes:
    request = messages.PredictRequest()
    request.model_spec.name = draw(st.sampled_from(["half_plus_two", "many_types", "none", ""]))
    if draw(st.booleans()):
        request.model_spec.version.value = draw(st.integers(-(2**63), 2**63 - 1))
    for name in draw(st.lists(st.sampled_from(["x", "number", "whole", "flag", "text"]))):
        request.inputs[name].CopyFrom(draw(tensors))
    request.output_filter.extend(draw(st.lists(st.sampled_from(["y", "text"]), max_size=2)))
    return request.SerializeToString()


@MANY
@given(request_=predict_requests() | st.binary(max_size=60))
def test_messages(fronts: Fronts, request_: bytes) -> None:
    outcome(fronts, "Predict", request_)


@MANY
@given(
    call=st.sampled_from(["Classify", "Regress", "MultiInference"]),
    request_=st.binary(max_size=60),
)
def test_bytes_as_messages(fronts: Fronts, call: str, request_: bytes) -> None:
    outcome(fronts, call, request_)


@MANY
@given(examples=st.lists(st.binary(max_size=30), max_size=3), context=st.binary(max_size=20))
def test_examples(fronts: Fronts, examples: list[bytes], context: bytes) -> None:
    request = messages.ClassificationRequest()
    request.model_spec.name = "examples"
    request.input.example_list_with_context.context = context
    request.input.example_list_with_context.examples.extend(examples)
    outcome(fronts, "Classify", request.SerializeToString())


def outcome(fronts: Fronts, call: str, request: bytes) -> None:
    """Ask, and fail on whatever is not an answer or a refusal."""
    path = f"/tensorflow.serving.PredictionService/{call}"
    try:
        fronts.call(path, request)
    except grpc.RpcError as error:
        fine = {grpc.StatusCode.INTERNAL} if "is not a" in error.details() else REFUSED
        if error.code() not in fine:
            raise
