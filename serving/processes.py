"""The processes of the server: REST under gunicorn, and gRPC and the models beside it.

One process holds the models and answers on threads; a second one, gunicorn's own, starts it again
should it die. TensorFlow and gRPC are imported in the first alone.
"""

from __future__ import annotations

import dataclasses
import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

from gunicorn.app.base import BaseApplication

from serving import rest
from serving.flags import Flags
from serving.lifecycle import labels
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.follow import ConfigFile, keep_up
from serving.lifecycle.loading import Loader
from serving.monitoring.config import metrics_path
from serving.monitoring.metrics import Metrics
from serving.monitoring.page import create_page
from serving.simple.app import create_app

logger = logging.getLogger(__name__)
_GRACE = 10  # seconds that requests have to end after the signal to stop
_APP_LOAD_ERROR = 4  # gunicorn then gives up, rather than start the process again and again


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is served, and how."""

    flags: Flags
    models: Sequence[ModelConfig]
    text: str  # of the config file, as models were read from it; empty without one


def serve(setup: Setup) -> None:
    """Serve until told to stop."""
    if setup.flags.rest_api_port:
        RestServer(setup).run()
        return
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    metrics = Metrics()
    stop = start_grpc(start_catalogue(setup, metrics), setup.flags, metrics)
    ended.wait()
    stop()


def start_catalogue(setup: Setup, metrics: Metrics) -> Catalogue:
    """Return the models, each loaded or known to be broken; a thread keeps them up."""
    flags = setup.flags
    catalogue = Catalogue(
        Loader(flags, metrics, alone=True),
        retries=flags.max_num_load_retries,
        pause=flags.load_retry_interval_micros / 1e6,
        allowed=labels.allowed(flags),
    )
    path = flags.model_config_file
    file = ConfigFile(path, setup.text) if path is not None else None
    tried = threading.Event()
    arguments = (catalogue, setup.models, file, flags, tried)
    threading.Thread(target=keep_up, args=arguments, name="models", daemon=True).start()
    tried.wait()  # as ServerCore::Create: who finds the port open, finds the models, too
    return catalogue


def start_grpc(catalogue: Catalogue, flags: Flags, metrics: Metrics) -> Callable[[], object]:
    """Answer gRPC where a port is given; return what ends that."""
    if not (flags.port or flags.grpc_socket_path):
        return lambda: None
    from serving import grpc_server

    server = grpc_server.start(catalogue, flags, metrics)
    return lambda: server.stop(_GRACE).wait()


class RestServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one process of threads over one catalogue."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._stop: Callable[[], object] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        for key, value in self._settings().items():
            self.cfg.set(key, value)

    def _settings(self) -> dict[str, Any]:
        flags = self._setup.flags
        return {
            "bind": f"{flags.rest_api_host}:{flags.rest_api_port}",
            "worker_class": "serving.rest_threads.Worker",
            "workers": 1,
            "threads": flags.rest_api_num_threads,
            "timeout": 0,  # a long call is no reason to kill the process that holds the models
            "graceful_timeout": _GRACE,
            "keepalive": 75,
            "loglevel": "warning",
            "proc_name": "kantu-serving",
            # Every gunicorn of this user would open the same ~/.gunicorn/gunicorn.ctl.
            "control_socket_disable": True,
            "when_ready": lambda server: _limit_silence(server, flags.rest_api_timeout_in_ms),
            "worker_exit": lambda _server, _worker: self._stop(),
            **_tls(flags),
        }

    def load(self) -> Any:
        """Return the REST API once the models are loaded; until then connections wait."""
        metrics, flags = Metrics(), self._setup.flags
        catalogue = start_catalogue(self._setup, metrics)
        try:
            self._stop = start_grpc(catalogue, flags, metrics)
        except OSError as error:
            logger.error("gRPC not started: %s", error)
            raise SystemExit(_APP_LOAD_ERROR) from None
        path = metrics_path(flags.monitoring_config_file)
        simple = create_app(catalogue, flags, metrics)
        outside = create_page(metrics, path, simple) if path else simple
        return rest.create_app(catalogue, flags, outside, metrics)


def _limit_silence(server: Any, millis: int) -> None:
    """Have clients that neither send nor read lose their thread after that time; 0: never.

    The connections have it from the sockets that they are accepted on: socket(7), SO_RCVTIMEO.
    """
    limit = struct.pack("@ll", millis // 1000, millis % 1000 * 1000)
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, option, limit)


def _tls(flags: Flags) -> dict[str, Any]:
    path = flags.secret_pem if flags.enable_ssl else flags.rest_api_ssl_config_file
    if path is None:
        return {}
    from serving.tls import of_files, read_ssl_config

    files = (flags.secret_pem, flags.secret_key)
    config = of_files(*files) if flags.enable_ssl else read_ssl_config(path)
    # gunicorn speaks TLS where it is given a certfile, which it does not read with a hook.
    return {"certfile": str(path), "ssl_context": lambda _config, _default: config.context()}
