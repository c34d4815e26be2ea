"""deploy/kubernetes/base/haproxy.cfg: what a real HAProxy does with it beside a worker."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.supervisor import ROOT, Program, free_port
from tests.conftest import until
from tests.deploy.front import need
from tests.deploy.names import NameServer
from worker.errors import ModelUnavailable
from worker.model_server import AVAILABLE, ModelServer

THREADS = 8
_STATUS = {"model_version_status": [{"version": "1", "state": AVAILABLE}]}


class _Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked += 1
        time.sleep(0.005)  # a model thinks; where nothing takes time there is nothing to balance
        body = json.dumps(_STATUS).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """A model server at an address of its own."""

    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        super().__init__((address, port), _Page)
        self.asked = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Say nothing: a balancer that ends leaves connections behind."""

    def end(self) -> None:
        """Listen no more."""
        self.shutdown()
        self.server_close()


class Cluster:
    """Model servers behind one name, and the balancer that knows the name."""

    def __init__(self, folder: Path) -> None:
        self.names, self._port = NameServer(), free_port()
        self.servers: dict[str, Server] = {}
        port = free_port()
        text = (ROOT / "deploy" / "kubernetes" / "base" / "haproxy.cfg").read_text("utf-8")
        config = folder / "haproxy.cfg"
        config.write_text(
            text.replace(
                "parse-resolv-conf", f"nameserver test 127.0.0.1:{self.names.port}"
            ).replace("bind 127.0.0.1:8501", f"bind 127.0.0.1:{port}")
        )
        self.program = Program(
            name="haproxy", command=["haproxy", "-W", "-db", "-f", str(config)],
            environment={"MODELS": f"models.test:{self._port}"},
            ready=self._answers, log=folder / "haproxy.log",
        )  # fmt: skip
        self.models = ModelServer(f"http://127.0.0.1:{port}", THREADS)

    def begin(self, address: str) -> None:
        """Add a server; the name stands for it as well from now on."""
        self.servers[address] = Server(address, self._port)
        self.names.addresses.append(address)

    def ask(self, times: int) -> int:
        """Ask so often, several at once; return how many were not answered."""
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            return times - sum(pool.map(lambda _: self._answers(), range(times)))

    def _answers(self) -> bool:
        try:
            return self.models.status("demo") == ("1", AVAILABLE)
        except ModelUnavailable:
            return False

    def counts(self) -> list[int]:
        """Return how often each server was asked, and begin to count anew."""
        found = [server.asked for server in self.servers.values()]
        for server in self.servers.values():
            server.asked = 0
        return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A balancer in front of two model servers."""
    need("haproxy")
    cluster = Cluster(tmp_path)
    cluster.begin("127.0.0.2")
    cluster.begin("127.0.0.3")
    cluster.program.start()
    try:
        until(cluster.program.ready)
        until(lambda: cluster.ask(40) == 0 and min(cluster.counts()) > 0)
        yield cluster
    finally:
        cluster.program.end()
        cluster.names.close()
        for server in cluster.servers.values():
            with contextlib.suppress(OSError):
                server.end()


def test_kept_connections_ask_all_servers_alike(cluster: Cluster) -> None:
    assert cluster.ask(400) == 0
    assert min(cluster.counts()) > 100


def test_a_server_that_is_added_is_asked_by_connections_that_were_open_before(
    cluster: Cluster,
) -> None:
    cluster.begin("127.0.0.4")
    until(lambda: cluster.ask(40) == 0 and min(cluster.counts()) > 0)
    assert cluster.ask(400) == 0
    assert min(cluster.counts()) > 60


def test_a_server_that_leaves_its_name_and_ends_fails_no_request(cluster: Cluster) -> None:
    leaving = cluster.servers["127.0.0.2"]
    cluster.names.addresses.remove("127.0.0.2")
    until(lambda: cluster.ask(40) == 0 and cluster.counts()[0] == 0)
    leaving.end()
    assert cluster.ask(200) == 0


def test_a_server_that_dies_unannounced_fails_no_request(cluster: Cluster) -> None:
    cluster.servers["127.0.0.2"].end()
    assert cluster.ask(200) == 0


def test_without_any_server_the_worker_hears_so_at_once(cluster: Cluster) -> None:
    for server in cluster.servers.values():
        server.end()
    until(lambda: cluster.ask(1) == 1)
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        cluster.models.status("demo")


def test_nobody_but_the_worker_s_pod_reaches_it(cluster: Cluster) -> None:
    port = int(cluster.models.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.9", port), timeout=1)
