"""What WeChat would be shown: certificates that are young, old, somebody else's or nobody's."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.settings import Settings
from launch.supervisor import free_port
from tests.worker.doctor.conftest import webhook
from worker.doctor import certificate
from worker.doctor import webhook as doctor
from worker.doctor.finding import Finding, Mark


def make_tls(folder: Path, *, days: float, address: str = "127.0.0.1") -> ssl.SSLContext:
    """Return what a server needs, with a certificate for an address that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kantu.example.com")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=1)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - dt.timedelta(days=90))
        .not_valid_after(end)
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def examine(settings: Settings, tls: ssl.SSLContext) -> Finding:
    """Return what is found of the certificate."""
    with webhook(settings, tls) as url:
        (found,) = [each for each in certificate.check(url) if each.check == "certificate"]
    return found


@pytest.mark.parametrize(
    ("days", "mark", "case"),
    [
        (60, Mark.WELL, "well"),
        (20, Mark.NOTE, "soon"),
        (6, Mark.WRONG, "very_soon"),
        (-2, Mark.WRONG, "expired"),
        (100, Mark.WRONG, "not_yet"),
    ],
)
def test_end_of_a_certificate_is_seen_in_time(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    mark: Mark,
    case: str,
) -> None:
    tls = make_tls(tmp_path, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    found = examine(settings, tls)
    assert (found.mark, found.case) == (mark, case)
    assert found.values.get("days", days) == days


def test_certificate_for_another_name_is_found(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = make_tls(tmp_path, days=60, address="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    assert examine(settings, tls).case == "hostname"


def test_certificate_of_nobody_is_found_and_the_webhook_says_where_to_look(
    settings: Settings, tmp_path: Path
) -> None:
    with webhook(settings, make_tls(tmp_path, days=60)) as url:
        (found,) = [each for each in certificate.check(url) if each.check == "certificate"]
        (knocked,) = doctor.check(settings, url)
    assert (found.mark, found.case) == (Mark.WRONG, "chain")
    assert (knocked.mark, knocked.case) == (Mark.WRONG, "tls")


def test_port_without_tls_is_found(settings: Settings) -> None:
    with webhook(settings) as url:
        *_, found = certificate.check(url.replace("http", "https"))
    assert (found.case, found.values["error"]) == ("broken", "SSLError")
    *_, found = certificate.check(f"https://127.0.0.1:{free_port()}/wechat")
    assert (found.case, found.values["error"]) == ("broken", "ConnectionRefusedError")


@pytest.mark.parametrize(
    ("url", "cases"),
    [
        ("http://127.0.0.1:8000/wechat", ["inside"]),
        ("http://app:8000/wechat", ["inside"]),
        ("http://kantu.example.com/wechat", ["plain"]),
        ("http://kantu.example.com:8000/wechat", ["port", "plain"]),
    ],
)
def test_way_that_wechat_cannot_go_is_found(url: str, cases: list[str]) -> None:
    assert [each.case for each in certificate.check(url)] == cases


def test_whole_way_through_tls_is_well(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = make_tls(tmp_path, days=60)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    with webhook(settings, tls) as url:
        cases = [each.case for each in doctor.check(settings, url)]
    assert cases == ["known", "answers", "guarded_sealed"]
