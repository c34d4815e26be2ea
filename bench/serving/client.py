"""Clients of a model server that cost next to nothing, and what they found out."""

from __future__ import annotations

import base64
import contextlib
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import grpc
import orjson

from bench.harness import BenchError
from serving.protocol.prediction_service_pb2 import PredictRequest
from serving.protocol.tensor_pb2 import DataType

SIGNATURE, INPUT = "top5", "image"  # what Kantu's worker asks
_PATIENCE = 60.0  # seconds
_PREDICT = "/tensorflow.serving.PredictionService/Predict"

Call = Callable[[], object]
Connect = Callable[[], Iterator[Call]]


def rest(port: int, model: str, version: int, picture: bytes) -> Connect:
    """Return what connects to REST and gives a call: one picture, as base64 in JSON."""
    instance = {"b64": base64.b64encode(picture).decode()}
    body = orjson.dumps({"signature_name": SIGNATURE, "instances": [instance]})
    head = (
        f"POST /v1/models/{model}/versions/{version}:predict HTTP/1.1\r\n"
        f"Host: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body

    def connect() -> Iterator[Call]:
        with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield lambda: _exchange(connection, request)

    return connect


def _exchange(connection: socket.socket, request: bytes) -> None:
    """Send a request and read its whole answer; raise BenchError for any other than 200."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += _receive(connection)
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise BenchError(f"the server answered {head!r} {body!r}")


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise BenchError("the server closed a connection")
    return received


@contextlib.contextmanager
def rpc_to(port: int) -> Iterator[Callable[..., bytes]]:
    """Connect; give what sends a message and returns the answer."""
    # Channels of a process share a connection otherwise, which real clients do not.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        yield channel.unary_unary(_PREDICT)


def grpc_predict(port: int, model: str, version: int, picture: bytes) -> Connect:
    """Return what connects to gRPC, each time anew, and gives a call: one picture."""
    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, SIGNATURE
    request.model_spec.version.value = version
    tensor = request.inputs[INPUT]
    tensor.dtype = DataType.DT_STRING
    tensor.tensor_shape.dim.add(size=1)
    tensor.string_val.append(picture)
    return grpc_call(port, request.SerializeToString())


def grpc_call(port: int, message: bytes) -> Connect:
    """Return what connects to gRPC and gives a call: Predict with that PredictRequest."""

    def connect() -> Iterator[Call]:
        with rpc_to(port) as predict:
            yield lambda: predict(message, timeout=_PATIENCE)

    return connect


@contextmanager
def connected(connect: Connect, number: int) -> Iterator[list[Call]]:
    """Give the calls of so many clients, each of which has made one."""
    with ExitStack() as stack:
        calls = [stack.enter_context(contextmanager(connect)()) for _ in range(number)]
        for call in calls:
            call()
        yield calls


def throughput(connect: Connect, clients: int, seconds: float) -> float:
    """Return calls a second of clients that each ask again as soon as they are answered."""
    with connected(connect, clients) as calls, ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        counts = list(pool.map(_ask_until, [began + seconds] * clients, calls))
        return sum(counts) / (time.perf_counter() - began)


def _ask_until(end: float, call: Call) -> int:
    count = 0
    while time.perf_counter() < end:
        call()
        count += 1
    return count


def in_turns(calls: Sequence[Call], seconds: float) -> list[list[float]]:
    """Return the milliseconds of each call, made one after the other again and again."""
    took: list[list[float]] = [[] for _ in calls]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took[0]) < 3:
        for call, found in zip(calls, took, strict=True):
            began = time.perf_counter()
            call()
            found.append(1000 * (time.perf_counter() - began))
    return took


def more(took: Sequence[float], than: Sequence[float]) -> float:
    """Return by how much one took longer, pair by pair."""
    return statistics.median(one - two for one, two in zip(took, than, strict=True))
