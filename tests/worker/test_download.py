"""worker.download: what a stranger's PicUrl cannot make us do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.certificates import make_pair
from tests.conftest import make_settings
from tests.worker.odd_server import OddServer, Respond, answer, drip, hang, running
from worker.download import PublicWeb, is_public
from worker.errors import AddressRefused, PictureTooLarge

HOSTS = make_settings().picture_hosts.split(",")
PUBLIC = "93.184.216.34"
MOST = 1000  # bytes


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have names lead to these addresses, one answer after another; return the names asked for."""
    asked, left = list[str](), iter(answers)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM, 6, "", (each, port),
            )
            for each in next(left)
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where connections were to go; none does."""
    seen: list[tuple[str, int]] = []

    class Nowhere(socket.socket):
        def connect(self, address: Any) -> None:
            seen.append(address[:2])
            raise ConnectionRefusedError

    monkeypatch.setattr("worker.download.socket.socket", Nowhere)
    return seen


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mmbiz.qpic.cn/x",
        "//mmbiz.qpic.cn/x",
        "ftp://mmbiz.qpic.cn/x",
        "file:///etc/passwd",
        "gopher://mmbiz.qpic.cn/x",
        "http://qpic.cn.evil.example/x",
        "http://notqpic.cn/x",
        "http://qpic.cn-evil.example/x",
        "http://evil.example/qpic.cn",
        "http://evil.example/?qpic.cn",
        "http://evil.example#.qpic.cn/",
        "http://user@mmbiz.qpic.cn/x",
        "http://user:pass@mmbiz.qpic.cn/x",
        "http://mmbiz.qpic.cn@evil.example/x",
        "http://mmbiz.qpic.cn:80@evil.example/x",
        "http://evil.example\\@mmbiz.qpic.cn/x",
        "http://evil.example\\.qpic.cn/x",
        "http://mmbiz.qpic.cn:8080/x",
        "http://mmbiz.qpic.cn:6379/x",
        "http://mmbiz.qpic.cn:443/x",
        "https://mmbiz.qpic.cn:80/x",
        "http://mmbiz.qpic.cn:/x",
        "http://mmbiz.qpic.cn:+80/x",
        "http://mmbiz.qpic.cn:８０/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://0177.0.0.1/x",
        "http://127.1/x",
        "http://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[::1].qpic.cn/x",
        "http://localhost/x",
        "http://metadata.google.internal/x",
        "http://metadata.tencentyun.com/x",
        "http://mmbiz.qpic.cn./x",
        "http://.qpic.cn/x",
        "http://mmbiz..qpic.cn/x",
        "http://mmbiz。qpic。cn/x",
        "http://mmbiz.qpıc.cn/x",
        "http://mmbiz.qpic.cn/x y",
        "http://mmbiz.qpic.cn/x\r\nHost: evil",
        "http://mmbiz.qpic.cn/x\x00",
        "http://mmbiz.qpic.cn\n.evil.example/x",
        " http://mmbiz.qpic.cn/x",
        "http://mmbiz.qpic.cn/图",
        "http:mmbiz.qpic.cn/x",
        "http:///mmbiz.qpic.cn/x",
        f"http://{'a' * 64}.qpic.cn/x",
    ],
)
def test_hostile_address_is_not_even_looked_up(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    asked = resolve(monkeypatch)
    with pytest.raises(AddressRefused):
        PublicWeb(HOSTS, MOST).fetch(url)
    assert asked == []


def test_letters_that_only_look_alike_are_no_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve(monkeypatch)
    with pytest.raises(AddressRefused):
        PublicWeb(["mask.cn"], MOST).fetch("http://maſk.cn/x")  # lower() would make an s of it
    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104  # nothing is bound
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",  # Alibaba's metadata
        "169.254.169.254",  # metadata of most clouds
        "169.254.0.23",  # Tencent's
        "168.63.129.16",  # Azure's
        "192.0.0.192",  # Oracle's
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",  # Amazon's
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_name_that_leads_inside_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, connected: list[tuple[str, int]], address: str
) -> None:
    resolve(monkeypatch, [PUBLIC, address])
    with pytest.raises(AddressRefused, match="is not a public address"):
        PublicWeb(HOSTS, MOST).fetch("http://mmbiz.qpic.cn/x")
    assert connected == []


@pytest.mark.parametrize("address", [PUBLIC, "43.152.26.224", "2606:2800:220:1:248:1893:25c8:1946"])
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch, connected: list[tuple[str, int]]
) -> None:
    asked = resolve(monkeypatch, [PUBLIC, "43.152.26.224"], ["127.0.0.1"])
    with pytest.raises(AddressRefused, match="ConnectionRefusedError"):
        PublicWeb(HOSTS, MOST).fetch("https://mmbiz.qpic.cn/x")
    assert connected == [(PUBLIC, 443), ("43.152.26.224", 443)]
    assert asked == ["mmbiz.qpic.cn"]


def test_name_that_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [])
    with pytest.raises(AddressRefused, match=r"no picture from mmbiz\.qpic\.cn"):
        PublicWeb(HOSTS, MOST).fetch("http://mmbiz.qpic.cn/x")


def web(server: OddServer, hosts: list[str] | None = None) -> PublicWeb:
    """Return a web where every host is that server."""
    return PublicWeb(
        hosts or HOSTS, MOST, lambda *_: socket.create_connection(("127.0.0.1", server.port))
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://mmbiz.qpic.cn/mmbiz_jpg/abc/0", "/mmbiz_jpg/abc/0"),
        ("http://qpic.cn:80/a?wx_fmt=jpeg&x=%20", "/a?wx_fmt=jpeg&x=%20"),
        ("HTTP://MMBIZ.QPIC.CN/Abc", "/Abc"),
        ("http://wx.qlogo.cn", "/"),
    ],
)
def test_picture_is_fetched(url: str, path: str) -> None:
    with running(answer(200, b"picture")) as server:
        assert web(server).fetch(url) == b"picture"
    assert server.paths == [path]


def test_proxy_of_the_shell_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(answer(200, b"from the proxy")) as proxy, running(answer(200, b"own")) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert web(server).fetch("http://mmbiz.qpic.cn/x") == b"own"
    assert proxy.paths == []


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "http://mmbiz.qpic.cn/other", "/other"])
def test_redirect_is_not_followed(location: str) -> None:
    with (
        running(answer(302, b"", headers={"Location": location})) as server,
        pytest.raises(AddressRefused, match="HTTP 302; expected 200"),
    ):
        web(server).fetch("http://mmbiz.qpic.cn/x")
    assert server.paths == ["/x"]


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(404, b"gone"), AddressRefused, id="404"),
        pytest.param(answer(200, b"cut", 100), AddressRefused, id="cut off"),
        pytest.param(answer(200, bytes(MOST + 1)), PictureTooLarge, id="too large"),
        pytest.param(answer(200, bytes(MOST + 1), 2**40), PictureTooLarge, id="endless"),
    ],
)
def test_what_is_no_whole_picture_is_refused(respond: Respond, error: type[Exception]) -> None:
    with running(respond) as server, pytest.raises(error):
        web(server).fetch("http://mmbiz.qpic.cn/x")


def drip_headers(handler: Any) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-Another: header\r\n" if handler.path == "/h" else b"X")
        time.sleep(0.05)


@pytest.mark.parametrize("respond", [drip(0.05), drip_headers, hang(3)])
def test_all_of_it_has_an_end_in_time(respond: Respond, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.download._LONGEST", 0.3)
    start = time.monotonic()
    with running(respond) as server, pytest.raises(AddressRefused, match="TimeoutError"):
        web(server).fetch("http://mmbiz.qpic.cn/x")
    assert time.monotonic() - start < 10  # on a busy machine; without an end: for ever


def test_garbage_in_place_of_http_is_refused() -> None:
    def respond(handler: Any) -> None:
        handler.close_connection = True
        handler.wfile.write(b"+PONG\r\n")

    with running(respond) as server, pytest.raises(AddressRefused, match="BadStatusLine"):
        web(server).fetch("http://mmbiz.qpic.cn/x")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of mmbiz.qpic.cn by nobody in particular, and its key."""
    path = tmp_path / "certificate.pem"
    path.write_text("".join(make_pair("mmbiz.qpic.cn")))
    return path


@contextlib.contextmanager
def secured(certificate: Path) -> Iterator[OddServer]:
    """Answer one request over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                peer, _ = listener.accept()
                with context.wrap_socket(peer, server_side=True) as line:
                    line.recv(65536)
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        threading.Thread(target=serve, daemon=True).start()
        yield OddServer(url=f"https://127.0.0.1:{listener.getsockname()[1]}")


def test_certificate_must_be_that_of_the_host(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        secured(certificate) as server,
        pytest.raises(AddressRefused, match="SSLCertVerificationError"),
    ):
        web(server).fetch("https://mmbiz.qpic.cn/x")
    monkeypatch.setattr("worker.download.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with secured(certificate) as server:
        assert web(server).fetch("https://mmbiz.qpic.cn/x") == b"ok"
    with (
        secured(certificate) as server,
        pytest.raises(AddressRefused, match="SSLCertVerificationError"),
    ):
        web(server).fetch("https://other.qpic.cn/x")


def test_error_names_the_host_and_no_more() -> None:
    with running(answer(500, b"the body")) as server, pytest.raises(AddressRefused) as caught:
        web(server).fetch("http://mmbiz.qpic.cn/secret-path?secret")
    assert "mmbiz.qpic.cn" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "the body" not in str(caught.value)


@pytest.mark.parametrize("hosts", ["*", "http://qpic.cn", "qpic.cn,,", "127.0.0.1", "cn", "a b.cn"])
def test_setting_must_list_names(hosts: str) -> None:
    with pytest.raises(ValidationError, match="expected names such as"):
        make_settings(picture_hosts=hosts)


def test_setting_is_read_kindly() -> None:
    assert make_settings(picture_hosts=" QPIC.cn, .qlogo.cn").picture_hosts == "qpic.cn,qlogo.cn"
