"""`python -m serving`: what the command line and the files say is checked, then it serves."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from serving import auth
from serving.batching.parameters import BatchingError, read_parameters
from serving.config_file import ConfigError, read_text
from serving.errors import FailedPrecondition
from serving.flags import FlagError, Flags, parse, usage
from serving.lifecycle import json_config, labels
from serving.lifecycle.config import ModelConfig, configured
from serving.lifecycle.json_config import WrongJson
from serving.monitoring.config import MonitoringError, metrics_path
from serving.processes import Setup, serve
from serving.simple import functions

logger = logging.getLogger(__name__)


class StartError(Exception):
    """The server cannot start; the text says why."""


_REFUSALS = (FlagError, ConfigError, StartError, BatchingError, MonitoringError, auth.AuthError)


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop."""
    if {"--help", "-h"} & set(arguments):
        sys.stdout.write(usage())
        return 0
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        setup = prepare(arguments)
    except _REFUSALS as error:
        sys.stderr.write(f"serving: {error}\n")
        return 2
    if setup.flags.version:
        sys.stdout.write(f"TensorFlow Library: {importlib.metadata.version('tensorflow')}\n")
        return 0
    logging.getLogger().setLevel(setup.flags.level)
    serve(setup)
    return 0


def prepare(arguments: Sequence[str]) -> Setup:
    """Return what to serve and how; raise an error for whatever would go wrong at once."""
    flags, warnings = parse(arguments)
    for warning in warnings:
        logger.warning("%s", warning)
    if flags.version:
        return Setup(flags=flags, models=(), text="")
    models, text = configured(flags)
    check(flags, models)
    return Setup(flags=_without_clash(flags), models=models, text=text)


def check(flags: Flags, models: Sequence[ModelConfig]) -> None:
    """Raise one of _REFUSALS for what would stop the process that is to serve."""
    try:
        labels.agreed(models, {}, {}, labels.allowed(flags))
    except FailedPrecondition as error:
        raise StartError(
            f"Failed to start server. Error: FAILED_PRECONDITION: {error}\n"
            "  at the start no version is: --allow_version_labels_for_unavailable_models=true"
        ) from None
    if flags.batching_parameters_file and not flags.enable_batching:  # Server::BuildAndStart
        raise StartError("--batching_parameters_file is set without setting --enable_batching")
    if flags.enable_batching:
        read_parameters(flags.batching_parameters_file)
    metrics_path(flags.monitoring_config_file)
    auth.passwords_of(flags)
    if flags.tensorflow_session_config_file:
        read_text(flags.tensorflow_session_config_file)  # TensorFlow, which knows it, comes later
    _check_simple(flags)
    for path in filter(None, (flags.ssl_config_file, flags.rest_api_ssl_config_file)):
        _check_tls(path)
    if not (flags.port or flags.grpc_socket_path or flags.rest_api_port):
        raise StartError("nowhere to listen: give --port or --rest_api_port")
    for port in {flags.port, flags.rest_api_port} - {0}:
        _check_free(flags.rest_api_host, port)


def _check_simple(flags: Flags) -> None:
    try:
        json_config.session(flags.session_config)
    except WrongJson as error:
        raise StartError(f"--session_config: {error}") from None
    try:
        functions.register(flags.processing_modules)
    except functions.FunctionsError as error:
        raise StartError(f"--processing_modules: {error}") from None
    if flags.enable_ssl and flags.rest_api_ssl_config_file:
        raise StartError("--enable_ssl and --rest_api_ssl_config_file: expected one of them")
    if flags.enable_ssl:
        from serving.tls import SslError, of_files  # brings gRPC

        try:
            of_files(flags.secret_pem, flags.secret_key)
        except SslError as error:
            raise StartError(f"--enable_ssl: {error}") from None


def _check_tls(path: Path) -> None:
    from serving.tls import SslError, read_ssl_config  # brings gRPC

    try:
        read_ssl_config(path)
    except SslError as error:
        raise StartError(str(error)) from None


def _check_free(host: str, port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise StartError(
                f"port {port} of {host} cannot be opened: {error.strerror}; "
                "give another --port (gRPC) or --rest_api_port, or 0 for none"
            ) from None


def _without_clash(flags: Flags) -> Flags:
    """Return the flags without REST where it is on the port of gRPC, as Server::BuildAndStart."""
    if flags.rest_api_port != flags.port:
        return flags
    logger.error(
        "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. "
        "Skipped exporting HTTP/REST API."
    )
    return dataclasses.replace(flags, rest_api_port=0)
