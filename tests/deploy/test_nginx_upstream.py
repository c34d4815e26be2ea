"""nginx/: how messages are passed on to webhooks that are slow, away, or elsewhere."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from launch.supervisor import free_port
from tests.app.door import Door
from tests.deploy.front import DOMAIN, front
from tests.deploy.load import pushed


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers what the server's behave() gives: a status, or None to hang up."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        server.asked += 1
        if status := server.behave():
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        """Answer in the same way."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def upstream(behave: Callable[[], int | None], port: int = 0) -> Iterator[Any]:
    """Serve in the webhook's place."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", port), Upstream)
    server.asked, server.behave, server.daemon_threads = 0, behave, True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def late() -> int:
    time.sleep(4.7)
    return 200


@pytest.mark.parametrize(("reply", "status"), [("push", 504), ("passive", 200), ("hybrid", 200)])
def test_replies_that_are_held_are_waited_for(reply: str, status: int) -> None:
    with (
        upstream(late) as server,
        front(f"127.0.0.1:{server.server_port}", TLS="off", WECHAT_REPLY=reply) as nginx,
    ):
        assert nginx.ask("/wechat", "POST", b"x").status_code == status


def test_webhook_that_is_away_is_passed_over(webhook: Door) -> None:
    webhooks = f"127.0.0.1:{free_port()} 127.0.0.1:{webhook.port}"
    with front(webhooks, TLS="off") as nginx:
        statuses = [nginx.ask(*pushed(webhook, 300 + n)).status_code for n in range(10)]
    assert statuses == [200] * 10


def test_webhooks_that_are_restarted_one_right_after_the_other_fail_no_message() -> None:
    ports = (free_port(), free_port())
    with front(" ".join(f"127.0.0.1:{port}" for port in ports), TLS="off") as nginx:
        statuses = []
        for up in ports * 2:  # the other is away just then
            with upstream(lambda: 200, up):
                statuses += [nginx.ask("/wechat", "POST", b"x").status_code for _ in range(4)]
    assert statuses == [200] * 16


def test_message_that_may_have_arrived_goes_to_no_other_webhook() -> None:
    with upstream(lambda: None) as first, upstream(lambda: None) as second:
        webhooks = f"127.0.0.1:{first.server_port} 127.0.0.1:{second.server_port}"
        with front(webhooks, TLS="off") as nginx:
            assert nginx.ask("/wechat", "POST", b"x").status_code == 502
    assert first.asked + second.asked == 1


@contextlib.contextmanager
def name_server() -> Iterator[int]:
    """A name server that knows one name, of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    asked, client = server.recvfrom(512)
                    question = asked[12 : asked.index(b"\0", 12) + 5]
                    found = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("127.0.0.1")
                    head = asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
                    server.sendto(head + question + found, client)

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def test_webhook_s_name_is_looked_up_while_nginx_runs(webhook: Door) -> None:
    with (
        name_server() as port,
        front(f"app:{webhook.port}", TLS="off", RESOLVER=f"127.0.0.1:{port}") as nginx,
    ):
        assert nginx.ask(*pushed(webhook, 400)).status_code == 200


def test_admin_pages_have_a_name_of_their_own_and_are_off_without_one(webhook: Door) -> None:
    with (
        upstream(lambda: 200) as server,
        front(f"127.0.0.1:{server.server_port}", DOMAIN="kantu.test", ADMIN_DOMAIN=DOMAIN) as nginx,
    ):
        assert nginx.ask("/admin/").status_code == 200
        assert nginx.ask("/wechat").status_code == 404
