"""serving.rest_threads: who stays with a client takes no place from another."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.supervisor import Program, answers, free_port
from tests.serving.process import serving

BODY = b'{"instances": [1.0]}'


@contextlib.contextmanager
def narrow(folder: Path, model: Path, port: int) -> Iterator[Program]:
    """One thread answers REST."""
    flags = ("--port=0", f"--rest_api_port={port}", "--rest_api_num_threads=1")
    url = f"http://127.0.0.1:{port}/v1/models/default/metadata"
    with serving(folder, lambda: answers(url), *flags, f"--model_base_path={model}") as program:
        yield program


@pytest.fixture(scope="module")
def port(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    number = free_port()
    with narrow(tmp_path_factory.mktemp("narrow"), models["half_plus_two"], number):
        yield number


def ask(client: http.client.HTTPConnection) -> bytes:
    client.request("POST", "/v1/models/default:predict", BODY)
    return client.getresponse().read()


def connect(stack: contextlib.ExitStack, port: int) -> http.client.HTTPConnection:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    return stack.enter_context(contextlib.closing(client))


def test_more_clients_than_threads_are_answered_again_and_again(port: int) -> None:
    with contextlib.ExitStack() as stack:
        clients = [connect(stack, port) for _ in range(6)]
        answers = {ask(client) for _ in range(3) for client in clients}
    assert answers == {b'{"predictions":[2.5]}'}


def test_client_that_sends_two_requests_at_once_gets_two_answers(port: int) -> None:
    head = f"POST /v1/models/default:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}"
    request = head.encode() + b"\r\n\r\n" + BODY
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request * 2)
        received = b""
        while received.count(b"predictions") < 2:
            received += client.recv(65536) or pytest.fail(f"closed after {received!r}")


def test_server_ends_while_threads_stay_with_clients(
    models: dict[str, Path], tmp_path: Path
) -> None:
    number = free_port()
    with contextlib.ExitStack() as stack, narrow(tmp_path, models["half_plus_two"], number) as ours:
        client = connect(stack, number)
        ask(client)
        assert ours.process is not None
        ours.process.terminate()
        assert ours.process.wait(timeout=20) == 0
