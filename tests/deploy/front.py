"""nginx as it is shipped: rendered and started by its own scripts, on ports of a test's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from launch.supervisor import ROOT, Program, free_port
from tests.certificates import make_pair
from tests.conftest import until

RENDER, START = ROOT / "nginx" / "render", ROOT / "nginx" / "start"
DOMAIN = "localhost"


def need(*programs: str) -> None:
    """Skip the test where a program of Debian's is missing, and fail in CI."""
    for program in programs:
        if shutil.which(program) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(
                f"needs {program}: apt-get install nginx-light redis-server redis-sentinel"
            )


def wait_for(program: Program, seconds: float = 60) -> None:
    """Wait until a program that was started is up; fail with its last words where it died."""
    until(lambda: program.ready() or program.died(), seconds)
    assert not program.died(), program.last_words()


class Front:
    """An nginx that is not started yet, with a certificate of its own unless told not to."""

    def __init__(self, folder: Path, webhook: str, **settings: str) -> None:
        need("nginx")
        self.folder, self.tls = folder, settings.get("TLS", "on") == "on"
        self.http, self.https, self.status = free_port(), free_port(), free_port()
        self.certificate = folder / "certificates" / "fullchain.pem"
        self.certificate.parent.mkdir()
        self.environment = {
            "DOMAIN": DOMAIN, "WEBHOOK": webhook, "NGINX_RUN": str(folder / "run"),
            "NGINX_CONF": str(folder / "conf"), "NGINX_LOG": str(folder / "access.log"),
            "HTTP_PORT": str(self.http), "HTTPS_PORT": str(self.https),
            "STATUS_PORT": str(self.status), "CERTIFICATES": str(self.certificate.parent),
            "WEBROOT": str(folder / "webroot"), "CERTIFICATE_LOOK": "0.5",
            "ALLOWLIST_FILE": str(folder / "allowlist.conf"), **settings,
        }  # fmt: skip
        self.program = Program(
            name="nginx", command=[str(START)], environment=self.environment,
            ready=self._answers, log=folder / "nginx.log",
        )  # fmt: skip

    @property
    def port(self) -> int:
        """The port that WeChat comes to."""
        return self.https if self.tls else self.http

    @property
    def url(self) -> str:
        """Where it answers, without a path."""
        return f"http{'s' if self.tls else ''}://{DOMAIN}:{self.port}"

    def certify(self, host: str = DOMAIN) -> None:
        """Put a new certificate and its key where nginx expects them, the key first."""
        key, certificate = make_pair(host)
        self.certificate.with_name("privkey.pem").write_text(key)
        self.certificate.write_text(certificate)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Front]:
        """Run it, with a certificate."""
        self.certify()
        self.program.start()
        try:
            wait_for(self.program)
            yield self
        finally:
            self.program.end()

    def reload(self) -> None:
        """Have it read its configuration again."""
        conf = f"{self.folder}/conf/nginx.conf"
        subprocess.run(["nginx", "-e", "stderr", "-c", conf, "-s", "reload"], check=True)

    def ask(
        self, path: str, method: str = "GET", body: bytes = b"", **headers: str
    ) -> requests.Response:
        """Ask over a connection of its own."""
        verify = str(self.certificate) if self.tls else True
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self.url + path, data=body, headers=headers, verify=verify, timeout=15,
                allow_redirects=False,
            )  # fmt: skip

    def log(self) -> str:
        """Return everything that it has logged."""
        logs = (self.folder / "access.log", self.folder / "nginx.log")
        return "".join(path.read_text("utf-8") for path in logs if path.exists())


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that nginx' own user may read, as pytest's are closed to others."""
    with tempfile.TemporaryDirectory(prefix="kantu-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def front(webhook: str, **settings: str) -> Iterator[Front]:
    """An nginx before a webhook."""
    with open_folder() as folder, Front(folder, webhook, **settings).opened() as found:
        yield found
