"""nginx/: what the world can reach, with Debian's nginx in front of the real webhook."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.door import Door
from tests.conftest import until
from tests.deploy.front import DOMAIN, RENDER, Front, front, open_folder
from tests.deploy.load import Load, message, pushed


def test_message_gets_through_and_its_query_into_no_log(nginx: Front, webhook: Door) -> None:
    path, body = message(webhook)
    answer = nginx.ask(path, "POST", body)
    assert (answer.status_code, b"Encrypt" in answer.content) == (200, True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert answer.headers["Server"] == "nginx"
    until(lambda: "POST localhost/wechat" in nginx.log())
    assert "openid" not in nginx.log()
    assert "signature" not in nginx.log()


@pytest.mark.parametrize(
    "path", ["/", "/readyz", "/metrics", "/wechat/", "/wechat/x", "/admin/", "/.env", "//wechat/.."]
)
def test_what_does_not_exist_is_not_passed_on(nginx: Front, path: str) -> None:
    assert nginx.ask(path).status_code == 404


def test_monitor_may_ask_whether_the_webhook_is_alive(nginx: Front) -> None:
    assert nginx.ask("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_no_other_method_is_passed_on(nginx: Front, method: str) -> None:
    assert nginx.ask("/wechat", method).status_code in {403, 405}


def test_large_body_is_refused_before_the_webhook_sees_it(nginx: Front, webhook: Door) -> None:
    path, _ = message(webhook)
    assert nginx.ask(path, "POST", b"x" * 70_000).status_code == 413


def test_long_headers_are_refused(nginx: Front) -> None:
    assert nginx.ask("/wechat", Cookie="x" * 9000).status_code == 400


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)],
)
def test_only_today_s_tls_is_spoken(nginx: Front, version: str, accepted: bool) -> None:
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.https}", "-servername", DOMAIN,
         f"-{version}", "-cipher", "ALL:@SECLEVEL=0"],
        input=b"", capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert (b"Cipher is (NONE)" not in done.stdout and done.returncode == 0) == accepted


def test_other_names_are_hung_up_on(nginx: Front) -> None:
    strangers = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strangers.check_hostname, strangers.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", nginx.https), 5) as stream,
        pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
    ):
        strangers.wrap_socket(stream, server_hostname="other.example")
    with socket.create_connection(("127.0.0.1", nginx.http), 5) as stream:
        stream.sendall(b"GET /wechat HTTP/1.1\r\nHost: other.example\r\n\r\n")
        assert answered(stream) == b""


def test_without_tls_there_are_only_challenges_for_certificates(nginx: Front) -> None:
    challenges = nginx.folder / "webroot" / ".well-known" / "acme-challenge"
    challenges.mkdir(parents=True)
    (challenges / "token").write_text("proof")
    (nginx.folder / "webroot" / "secret").write_text("no")
    assert plainly(nginx, "/.well-known/acme-challenge/token") == (200, b"proof")
    assert plainly(nginx, "/.well-known/acme-challenge/../../secret")[0] == 404
    assert plainly(nginx, "/secret")[0] == 404
    assert plainly(nginx, "/wechat")[0] == 404


def plainly(nginx: Front, path: str) -> tuple[int, bytes]:
    """Ask without TLS."""
    connection = http.client.HTTPConnection("127.0.0.1", nginx.http, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": DOMAIN})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_slow_connections_are_dropped_and_hold_up_nobody(nginx: Front, webhook: Door) -> None:
    trust = ssl.create_default_context(cafile=str(nginx.certificate))
    with contextlib.ExitStack() as stack:
        slow = list[ssl.SSLSocket]()
        for number in range(150):
            stream = socket.create_connection(("127.0.0.1", nginx.https), 15)
            slow.append(stack.enter_context(trust.wrap_socket(stream, server_hostname=DOMAIN)))
            # Half of them never end their headers, the other half their body.
            ending = b"X-a: b\r\n" if number % 2 else b"Content-Length: 60000\r\n\r\n<xml"
            path, _ = message(webhook, number)
            slow[-1].sendall(f"POST {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n".encode() + ending)
        assert [nginx.ask(*pushed(webhook, n)).status_code for n in range(5)] == [200] * 5
        assert None not in [answered(stream) for stream in slow]


def answered(stream: socket.socket) -> bytes | None:
    """Return all that is said until the other side ends the connection; None where it does not."""
    said = b""
    try:
        while more := stream.recv(1000):
            said += more
    except TimeoutError:
        return None
    except OSError:  # it was reset
        pass
    return said


def test_what_cannot_be_wechat_s_is_slowed_down_and_wechat_never_is(
    nginx: Front, webhook: Door
) -> None:
    strangers = [nginx.ask("/wechat?signature=x").status_code for _ in range(60)]
    assert set(strangers) == {403, 429}
    messages = [nginx.ask(*pushed(webhook, 100 + n)).status_code for n in range(100)]
    assert set(messages) == {200}


def test_no_message_fails_while_nginx_takes_up_its_configuration_again(
    nginx: Front, webhook: Door
) -> None:
    with Load(webhook.wechat, f"{nginx.url}/wechat", nginx.certificate).running() as load:
        for _ in range(3):
            nginx.reload()
            load.wait_for(20)
    assert load.answers.keys() == {"200"}


def test_renewed_certificate_is_taken_up(webhook: Door) -> None:
    with front(f"127.0.0.1:{webhook.port}") as nginx:
        assert certificate_of(nginx) == nginx.certificate.read_text()
        nginx.certificate.write_text("half of a certificate")
        until(lambda: "cannot load certificate" in nginx.log())
        assert nginx.program.process is not None
        assert nginx.program.process.poll() is None
        nginx.certify()
        until(lambda: certificate_of(nginx) == nginx.certificate.read_text())


def certificate_of(nginx: Front) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", nginx.https), 5) as stream,
        context.wrap_socket(stream, server_hostname=DOMAIN) as spoken,
    ):
        return ssl.DER_cert_to_PEM_cert(spoken.getpeercert(binary_form=True) or b"")


def test_it_waits_for_the_first_certificate(webhook: Door) -> None:
    with open_folder() as folder:
        nginx = Front(folder, f"127.0.0.1:{webhook.port}")
        nginx.program.start()
        try:
            until(lambda: "waiting for" in nginx.log())
            nginx.certify()
            until(nginx.program.ready)
        finally:
            nginx.program.end()


ALLOWED = "# addresses of WeChat's\n203.0.113.0/24 1;\n"


@contextlib.contextmanager
def with_list(webhook: Door, **settings: str) -> Iterator[Front]:
    """An nginx that knows WeChat's addresses, behind a load balancer."""
    with open_folder() as folder:
        (folder / "allowlist.conf").write_text(ALLOWED)
        options = {"TLS": "off", "REAL_IP_FROM": "127.0.0.1", **settings}
        with Front(folder, f"127.0.0.1:{webhook.port}", **options).opened() as nginx:
            yield nginx


def test_list_of_addresses_only_marks_the_log_at_first(webhook: Door) -> None:
    with with_list(webhook) as nginx:
        assert asked_from(nginx, webhook, "198.51.100.1") == 200
        assert asked_from(nginx, webhook, "203.0.113.7") == 200
        until(lambda: nginx.log().count("/wechat") == 2)
        marks = [(line.split()[0], "unlisted=1" in line) for line in nginx.log().splitlines()]
    assert marks == [("198.51.100.1", True), ("203.0.113.7", False)]


def test_list_of_addresses_keeps_others_out_when_told_to(webhook: Door) -> None:
    with with_list(webhook, ALLOWLIST="enforce") as nginx:
        assert asked_from(nginx, webhook, "198.51.100.1") == 403
        assert asked_from(nginx, webhook, "203.0.113.7") == 200
        # What a client says of itself stands before what the load balancer has seen.
        assert asked_from(nginx, webhook, "203.0.113.7, 198.51.100.1") == 403


def test_without_a_load_balancer_nobody_chooses_an_address(webhook: Door) -> None:
    with with_list(webhook, ALLOWLIST="enforce", REAL_IP_FROM="") as nginx:
        assert asked_from(nginx, webhook, "203.0.113.7") == 403


def asked_from(nginx: Front, webhook: Door, address: str) -> int:
    path, body = message(webhook, 500)
    return nginx.ask(path, "POST", body, **{"X-Forwarded-For": address}).status_code


def test_health_of_the_whole_way_is_told_to_this_machine(nginx: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nginx.status, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"redis":"ok","status":"ok"}\n'


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DOMAIN": ""}, "DOMAIN=''; expected the webhook's name"),
        ({"DOMAIN": "a b;"}, "DOMAIN='a b;'; expected"),
        ({"WECHAT_REPLY": "pull"}, "WECHAT_REPLY='pull'; expected push, passive or hybrid"),
        ({"TLS": "maybe"}, "TLS='maybe'; expected on or off"),
        ({"ALLOWLIST": "yes"}, "ALLOWLIST='yes'; expected log or enforce"),
        ({"ALLOWLIST": "enforce"}, "holds no address: nobody would get in"),
        ({"WEBHOOK": "app"}, "WEBHOOK='app'; expected app:8000"),
        ({"REAL_IP_FROM": "all;"}, "REAL_IP_FROM='all;'; expected addresses"),
        ({"ADMIN_DOMAIN": "kantu.example.com"}, "ADMIN_DOMAIN is DOMAIN"),
        ({"ADMIN_DOMAIN": "admin.example.com", "TLS": "off"}, "ADMIN_DOMAIN needs TLS=on"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "-".join(value),
)
def test_wrong_settings_are_named(settings: dict[str, str], said: str, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin", "DOMAIN": "kantu.example.com", "NGINX_RUN": str(tmp_path / "run"),
        **settings,
    }  # fmt: skip
    done = subprocess.run(
        [str(RENDER), str(tmp_path / "conf")],
        env=environment, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    wrong = {"TLS": "maybe", "ALLOWLIST": "yes", "WECHAT_REPLY": "pull"}
    done = subprocess.run(
        [str(RENDER), str(tmp_path / "conf")],
        env={"PATH": "/usr/bin:/bin", **wrong}, capture_output=True, text=True, timeout=20,
        check=False,
    )  # fmt: skip
    said = [line.partition("=")[0] for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert sorted(said) == [f"nginx: {name}" for name in sorted([*wrong, "DOMAIN"])]
    assert not (tmp_path / "conf").exists()
