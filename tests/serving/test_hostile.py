"""`python -m serving` as a program, and those who would use up its memory or its threads."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import requests

import tests.models
from launch.supervisor import answers, free_port
from serving.protocol.prediction_service_pb2 import PredictRequest
from tests.serving.process import serving

LIMIT = 4 * 2**20  # --max_request_bytes
MOST = 320 * 2**20  # bytes that a request may need above what the server has at rest
GIGABYTE = 2**30
HEAD = b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nHost: a\r\n"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The program, and where it listens on 127.0.0.1."""

    process: int  # the one that holds the models
    port: int
    grpc_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/models/half_plus_two"

    def post(self, body: bytes, **headers: str) -> requests.Response:
        return requests.post(f"{self.url}:predict", data=body, headers=headers, timeout=60)

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Fail where what is done within takes more memory than MOST, or the server with it."""
        Path(f"/proc/{self.process}/clear_refs").write_text("5")  # the peak is as of now: proc(5)
        before = self._memory("VmHWM")
        yield
        assert self.post(b'{"instances": [2.0]}').json() == {"predictions": [3.0]}
        assert self._memory("VmHWM") - before < MOST

    def _memory(self, name: str) -> int:
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        (found,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(found.split()[1]) * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port, grpc_port = tmp_path_factory.mktemp("hostile"), free_port(), free_port()
    tests.models.half_plus_two(folder / "model" / "1")
    flags = (
        *(f"--port={grpc_port}", f"--rest_api_port={port}", "--model_name=half_plus_two"),
        *(f"--model_base_path={folder / 'model'}", f"--max_request_bytes={LIMIT}"),
        *("--rest_api_timeout_in_ms=700", "--rest_api_num_threads=4"),
    )
    url = f"http://127.0.0.1:{port}/v1/models/half_plus_two/metadata"
    with serving(folder, lambda: answers(url), *flags) as program:
        assert program.process is not None
        pid = program.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        yield Server(process=int(children[0]), port=port, grpc_port=grpc_port)


def send(server: Server, head: bytes, chunk: bytes = b"", times: int = 0) -> bytes:
    """Send the head, then the chunk so many times; return the first answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(HEAD + head)
        with contextlib.suppress(ConnectionError):  # it may hang up on us
            for _ in range(times):
                connection.sendall(chunk)
        with contextlib.suppress(ConnectionError):
            return connection.recv(2**16)
    return b""


def test_gigabyte_in_chunks_is_refused(server: Server) -> None:
    chunk = b"100000\r\n" + b"[" * 2**20 + b"\r\n"
    with server.bounded():
        answer = send(server, b"Transfer-Encoding: chunked\r\n\r\n", chunk, 1024)
    assert answer[:12] in {b"HTTP/1.1 413", b""}


def test_gigabyte_that_says_so_is_refused(server: Server) -> None:
    head = f"Content-Length: {GIGABYTE}\r\n\r\n".encode()
    with server.bounded():
        answer = send(server, head, b"[" * 2**20, 1024)
    assert answer[:12] in {b"HTTP/1.1 413", b""}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {GIGABYTE}\r\n\r\n[1]", b"413"),  # less comes than it says
        ("Content-Length: 100\r\n\r\n[1]", b"504"),
        ("Content-Length: 2\r\n\r\n" + "[1]" * 10_000, b"400"),  # more comes
        ("Content-Length: -1\r\n\r\n[1]", b"400"),
        ("Content-Length: a lot\r\n\r\n[1]", b"400"),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n", b"400"),
        ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n[1]", b"504"),
    ],
    ids=["too much, less comes", "less comes", "more comes", "negative", "words", "both", "chunk"],
)
def test_length_that_is_not_true(server: Server, head: str, status: bytes) -> None:
    with server.bounded():
        assert send(server, head.encode())[9:12] == status


def test_gzip_that_would_be_a_gigabyte_is_refused(server: Server) -> None:
    bomb = gzip.compress(b"[" * 2**26, 9) * 16  # members of one file
    with server.bounded():
        answer = server.post(bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413


BOMBS = {
    "deep lists": b'{"instances":' + b"[" * (LIMIT - 100),
    "deep objects": b'{"a":' * (LIMIT // 5 - 20),
    "deep and closed": b'{"instances":'
    + b"[" * (LIMIT // 2 - 20)
    + b"]" * (LIMIT // 2 - 20)
    + b"}",
    "numbers": b'{"instances":[' + b"1," * (LIMIT // 2 - 20) + b'"a"]}',
    "lists": b'{"instances":[' + b"[]," * (LIMIT // 3 - 20) + b"1]}",
    "objects": b'{"instances":[' + b"{}," * (LIMIT // 3 - 20) + b"1]}",
    "names": b"{" + b",".join(b'"%d":0' % number for number in range(LIMIT // 12)) + b"}",
    "digits": b'{"instances":[' + b"9" * (LIMIT - 100) + b"]}",
    "quotes": b'{"instances":["' + b'\\"' * (LIMIT // 2 - 20),
}


@pytest.mark.parametrize("name", BOMBS)
def test_json_that_would_be_much(server: Server, name: str) -> None:
    with server.bounded():
        answer = server.post(BOMBS[name])
    assert answer.status_code == 400
    assert len(answer.content) < 10_000


def test_message_above_the_limit(server: Server) -> None:
    request = PredictRequest()
    request.inputs["x"].tensor_content = bytes(2**27)
    options = [("grpc.max_send_message_length", -1)]
    address = f"127.0.0.1:{server.grpc_port}"
    with server.bounded(), grpc.insecure_channel(address, options) as channel:
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            predict(request.SerializeToString(), timeout=60)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_those_who_say_nothing_more_do_not_keep_the_threads(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for end in (b"", b"Content-Length: 100\r\n\r\n[1") * 4:
            address = ("127.0.0.1", server.port)
            connection = stack.enter_context(socket.create_connection(address, timeout=60))
            connection.sendall(HEAD + end)
        assert server.post(b'{"instances": [2.0]}').json() == {"predictions": [3.0]}
