"""The gRPC port: the services under TensorFlow Serving's names, errors as statuses, limits, TLS.

Sources: tensorflow_serving/model_servers/{server,grpc_status_util}.cc. The messages are our own,
with the same field numbers: the official ones import TensorFlow, which other frameworks do without.
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from serving import auth, deadline, health_service, tls
from serving.errors import Internal, ServingError
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.model_service import ModelService
from serving.monitoring.metrics import Metrics
from serving.prediction_service import PredictionService

logger = logging.getLogger(__name__)

_LONGEST = 1024  # bytes of a status text; more would not fit into HTTP/2's headers
_FOREVER = 10**9  # seconds
_CODES = {code.value[0]: code for code in grpc.StatusCode}
Calls = Mapping[str, tuple[type[Any], Callable[[Any], Any]]]


def start(catalogue: Catalogue, flags: Flags, metrics: Metrics | None = None) -> grpc.Server:
    """Return a server that listens on flags.port and flags.grpc_socket_path, and answers.

    Raises OSError where it cannot listen, auth.AuthError or tls.SslError for a file of theirs.
    """
    passwords = auth.passwords_of(flags)
    threads = concurrent.futures.ThreadPoolExecutor(flags.grpc_max_threads, "grpc")
    server = grpc.server(threads, options=_options(flags))
    predictions = PredictionService(catalogue, flags, metrics or Metrics())
    handlers = [
        _handler(PredictionService.NAME, predictions.calls, passwords),
        _handler(ModelService.NAME, ModelService(catalogue).calls, passwords),
    ]
    if flags.enable_grpc_healthcheck_service:  # for probes, which know no password
        handlers.append(_handler(health_service.NAME, health_service.CALLS, None))
        handlers.append(_watched(health_service.NAME, health_service.WATCHES))
    server.add_generic_rpc_handlers(handlers)
    _listen(server, flags)
    server.start()
    return server


def _options(flags: Flags) -> list[tuple[str, int | str]]:
    """Return gRPC's settings; grpc_channel_arguments is name=value,…."""
    options: dict[str, int | str] = {
        "grpc.max_receive_message_length": min(flags.max_request_bytes, 2**31 - 1),
        "grpc.max_send_message_length": 2**31 - 1,
        "grpc.so_reuseport": 0,  # a port in use is an error, not a second server's share
    }
    for pair in filter(None, flags.grpc_channel_arguments.split(",")):
        name, _, value = pair.partition("=")
        options[name] = int(value) if value.lstrip("-").isdecimal() else value
    return list(options.items())


def _listen(server: grpc.Server, flags: Flags) -> None:
    credentials = None
    if flags.ssl_config_file is not None:
        credentials = tls.read_ssl_config(flags.ssl_config_file).grpc_credentials()
    try:
        if flags.port and credentials is not None:
            server.add_secure_port(f"{flags.rest_api_host}:{flags.port}", credentials)
        elif flags.port:
            server.add_insecure_port(f"{flags.rest_api_host}:{flags.port}")
        if flags.grpc_socket_path:
            server.add_insecure_port(f"unix:{flags.grpc_socket_path}")
    except RuntimeError as error:
        raise OSError(f"gRPC cannot listen on port {flags.port}: {error}") from None


def _handler(name: str, calls: Calls, passwords: auth.Passwords | None) -> Any:
    """Return gRPC's handler of a service.

    Messages are read in here, not by gRPC: it would log a traceback for each that is none.
    """
    return grpc.method_handlers_generic_handler(
        name,
        {
            call: grpc.unary_unary_rpc_method_handler(
                _method(message, answer, passwords),
                response_serializer=lambda response: response.SerializeToString(),
            )
            for call, (message, answer) in calls.items()
        },
    )


def _watched(name: str, watches: Mapping[str, Callable[..., None]]) -> Any:
    """Return gRPC's handler of those calls of a service that stay open."""
    return grpc.method_handlers_generic_handler(
        name,
        {
            call: grpc.unary_stream_rpc_method_handler(
                watch, response_serializer=lambda response: response.SerializeToString()
            )
            for call, watch in watches.items()
        },
    )


def _method(
    message: Any, answer: Callable[[Any], Any], passwords: auth.Passwords | None
) -> Callable[[bytes, grpc.ServicerContext], Any]:
    def method(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            if passwords is not None:
                passwords.check(_authorization(context))
            with deadline.within(_seconds(context)):
                deadline.remaining()
                return answer(message.FromString(data))
        except ServingError as error:
            _end(context, error)
        except DecodeError:
            _end(context, Internal(f"Request is not a {message.DESCRIPTOR.name}"))
        except Exception:
            logger.exception("a gRPC request failed")
            _end(context, Internal("Internal error; see the server's log"))

    return method


def _seconds(context: grpc.ServicerContext) -> float | None:
    """Return the seconds that are left to a call, None where it has no deadline."""
    left = context.time_remaining()  # without one: those until gRPC's clock ends
    return left if left is not None and left < _FOREVER else None


def _authorization(context: grpc.ServicerContext) -> str:
    values = (value for key, value in context.invocation_metadata() if key == "authorization")
    return str(next(values, ""))


def _end(context: grpc.ServicerContext, error: ServingError) -> None:
    """End the call with the error's status; its text is cut as ToGRPCStatus cuts it."""
    text = str(error).encode(errors="replace")
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + b"...TRUNCATED"
    context.abort(_CODES[error.number], text.decode(errors="ignore"))
