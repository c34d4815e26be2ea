"""TLS for gRPC and REST, from tensorflow_model_server's --ssl_config_file: PEM texts inline."""

from __future__ import annotations

import dataclasses
import ssl
import tempfile
from pathlib import Path

import grpc
from google.protobuf import text_format

from serving.protocol.ssl_config_pb2 import SSLConfig


class SslError(Exception):
    """The file is not usable; the text says where and why, and nothing of the key."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SslConfig:
    """A key and its certificate, and whether clients must show one too."""

    key: str = dataclasses.field(repr=False)  # PEM
    certificate: str  # PEM, the chain
    custom_ca: str  # PEM of who signs the clients' certificates; empty: the system's
    client_verify: bool

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """Return what a gRPC server listens with."""
        return grpc.ssl_server_credentials(
            [(self.key.encode(), self.certificate.encode())],
            root_certificates=self.custom_ca.encode() or None,
            require_client_auth=self.client_verify,
        )

    def context(self) -> ssl.SSLContext:
        """Return what an HTTP server listens with; raise SslError where it is no key pair."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:  # 0600; ssl reads no text
            file.write(f"{self.key}\n{self.certificate}\n")
            file.flush()
            try:
                context.load_cert_chain(file.name)
                if self.custom_ca:
                    context.load_verify_locations(cadata=self.custom_ca)
            except ssl.SSLError as error:
                raise SslError(f"not a key with its certificate in PEM: {error.reason}") from None
        if self.client_verify:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def of_files(certificate: Path | None, key: Path | None) -> SslConfig:
    """Return what two PEM files say, as Simple TensorFlow Serving has it; raise SslError."""
    texts = {}
    for name, path in (("secret_pem", certificate), ("secret_key", key)):
        try:
            texts[name] = path.read_text("ascii") if path else ""
        except (OSError, UnicodeDecodeError) as error:
            raise SslError(f"--{name}={path}: cannot be read: {error}") from None
    config = SslConfig(
        key=texts["secret_key"],
        certificate=texts["secret_pem"],
        custom_ca="",
        client_verify=False,
    )
    config.context()
    return config


def read_ssl_config(path: Path) -> SslConfig:
    """Return what the file says; raise SslError."""
    try:
        message = text_format.Parse(path.read_text("utf-8"), SSLConfig())
    except OSError as error:
        raise SslError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SslError(f"{path}: expected text in UTF-8") from None
    except text_format.ParseError as error:
        line, column = error.GetLine(), error.GetColumn()
        raise SslError(f"{path}:{line}:{column}: not an SSLConfig in text format") from None
    if not message.server_key or not message.server_cert:
        raise SslError(f"{path}: expected server_key and server_cert, PEM texts")
    config = SslConfig(
        key=message.server_key,
        certificate=message.server_cert,
        custom_ca=message.custom_ca,
        client_verify=message.client_verify,
    )
    try:
        config.context()
    except SslError as error:
        raise SslError(f"{path}: {error}") from None
    return config
