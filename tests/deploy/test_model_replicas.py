"""nginx/models.conf: two model servers behind a real nginx, one of which is killed under load."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests

from launch.supervisor import ROOT, Program, answers, free_port
from tests.conftest import until
from tests.deploy.front import need, open_folder, wait_for
from tests.serving.asking import predict_request

THREADS = 8
ROWS = 200  # requests while a server dies
# Each waits for others, so that some are always under way.
_BATCHES = "max_batch_size { value: 64 } batch_timeout_micros { value: 100000 }"
# Seconds from an answer to the death: those of the same batch are answered by then, and the next
# ones wait. A server that dies in the middle of an answer is beyond nginx: docs/models.md.
_BETWEEN_ANSWERS = 0.05
_CONF = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format upstream "$upstream_addr"; access_log {folder}/upstream.log upstream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/models.conf;
}}
"""


class Replicas:
    """One model, served twice, behind one address."""

    def __init__(self, folder: Path, model: Path) -> None:
        ports = {name: free_port() for name in ("8501", "8511", "8500", "8510", "8601", "8600")}
        (folder / "batches.config").write_text(_BATCHES)
        self.log, self.rest, self.grpc = folder / "upstream.log", ports["8601"], ports["8600"]
        self.addresses = [f"127.0.0.1:{ports[name]}" for name in ("8501", "8511")]  # REST's
        self.servers = [
            self._server(folder, model, ports["8501"], ports["8500"]),
            self._server(folder, model, ports["8511"], ports["8510"]),
        ]
        text = (ROOT / "nginx" / "models.conf").read_text("utf-8")
        for name, port in ports.items():
            text = text.replace(f":{name} ", f":{port} ").replace(
                f"listen {name}", f"listen {port}"
            )
        (folder / "models.conf").write_text(text)
        (folder / "nginx.conf").write_text(_CONF.format(folder=folder))
        self.nginx = Program(
            name="nginx", command=["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")],
            environment={}, log=folder / "nginx.log", ready=lambda: answers(self.url),
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where the model is."""
        return f"http://127.0.0.1:{self.rest}/v1/models/half_plus_two"

    def _server(self, folder: Path, model: Path, rest: int, rpc: int) -> Program:
        flags = [
            *(f"--rest_api_port={rest}", f"--port={rpc}", "--model_name=half_plus_two"),
            *("--enable_batching", f"--batching_parameters_file={folder / 'batches.config'}"),
        ]
        return Program(
            name="serving", environment={}, log=folder / f"{rest}.log",
            command=[sys.executable, "-m", "serving", *flags, f"--model_base_path={model}"],
            ready=lambda: answers(f"http://127.0.0.1:{rest}/v1/models/half_plus_two"),
        )  # fmt: skip

    def asked(self) -> Counter[str]:
        """Return which server answered how often."""
        last = [line.rpartition(", ")[2] for line in self.log.read_text().splitlines()]
        return Counter(
            each for each in last if ":" in each
        )  # else it is the group: nobody was left


@pytest.fixture(scope="module")
def replicas(models: dict[str, Path]) -> Iterator[Replicas]:
    need("nginx")
    with open_folder() as folder:
        found = Replicas(folder, models["half_plus_two"])
        programs = [*found.servers, found.nginx]
        try:
            for each in programs:
                each.start()
            for each in programs:
                wait_for(each)
            yield found
        finally:
            for each in programs:
                each.end()


@pytest.fixture
def both(replicas: Replicas) -> Replicas:
    """Both servers up, also where a test before this one has killed one."""
    for each in replicas.servers:
        if each.look() == "away":
            each.end()
            each.start()
            wait_for(each)
    before, body = replicas.asked(), {"instances": [1.0]}

    def both_answer() -> bool:  # nginx may not believe yet in one that was away
        answer = requests.post(f"{replicas.url}:predict", json=body, timeout=30)
        return answer.ok and set(replicas.addresses) <= (replicas.asked() - before).keys()

    until(both_answer)
    return replicas


def rest(replicas: Replicas) -> Callable[[int], float]:
    """Return what asks by REST, each thread over a connection that it keeps."""
    own = threading.local()

    def ask(number: int) -> float:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        body = {"instances": [float(number)]}
        answer = own.session.post(f"{replicas.url}:predict", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return float(answer.json()["predictions"][0])

    return ask


def rpc(replicas: Replicas) -> Callable[[int], float]:
    """Return what asks by gRPC, by the channel that docs/models.md opens."""
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    program = re.findall(r"```python\n(policy.*?)```", page, re.DOTALL)[0]
    found: dict[str, Any] = {"grpc": grpc, "json": json}
    exec(program.replace("models:8600", f"127.0.0.1:{replicas.grpc}"), found)  # noqa: S102
    channel = found["channel"]
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def ask(number: int) -> float:
        request = predict_request("half_plus_two", x=[[float(number)]])
        return float(stub.Predict(request, timeout=30).outputs["y"].float_val[0])

    return ask


def test_what_is_a_server_s_own_is_not_behind_the_common_address(both: Replicas) -> None:
    root = f"http://127.0.0.1:{both.rest}"
    assert requests.get(f"{root}/models", timeout=30).status_code == 404
    assert requests.get(both.url, timeout=30).status_code == 200


@pytest.mark.parametrize("front", [rest, rpc])
def test_no_request_fails_when_a_server_is_killed(
    both: Replicas, front: Callable[[Replicas], Callable[[int], float]]
) -> None:
    ask, done = front(both), itertools.count(1)

    def ask_and_kill(number: int) -> float:
        found = ask(number)
        if next(done) == ROWS // 4:
            process = both.servers[0].process
            assert process
            time.sleep(_BETWEEN_ANSWERS)
            os.killpg(process.pid, signal.SIGKILL)
        return found

    before = both.asked()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(ask_and_kill, range(ROWS)))
    assert found == [number / 2 + 2 for number in range(ROWS)]
    assert both.servers[0].died()
    assert len(both.asked() - before) == 2  # it had answered until then


def test_client_hears_in_grpc_s_words_that_no_server_is_there(both: Replicas) -> None:
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    for each in both.servers:
        each.end()
    with grpc.insecure_channel(f"127.0.0.1:{both.grpc}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(predict_request("half_plus_two", x=[[1.0]]), timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.details() == "no model server answered"
