"""`python -m serving`: the flags of tensorflow_model_server, and REST under gunicorn.

One process holds the models and answers on threads; a second one, gunicorn's own, starts it again
should it die. TensorFlow is imported in the first alone.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flask
from gunicorn.app.base import BaseApplication

from serving import rest
from serving.lifecycle.catalogue import Catalogue, Servable
from serving.lifecycle.config import ConfigError, ModelConfig, read_config

logger = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Return the parser of tensorflow_model_server's flags, as far as this server has them."""
    flags = argparse.ArgumentParser(
        prog="python -m serving",
        description="Serve SavedModels by TensorFlow Serving's REST protocol.",
        epilog="Also: python -m serving export --help, python -m serving train --help",
        allow_abbrev=False,
    )
    flags.add_argument("--rest_api_port", type=_port, default=8501, help="default: 8501")
    flags.add_argument("--rest_api_host", default="0.0.0.0", help="default: every interface")  # noqa: S104  # as tensorflow_model_server
    flags.add_argument("--rest_api_num_threads", type=int, default=4 * (os.cpu_count() or 1))
    flags.add_argument("--model_config_file", type=Path, help="models, in text format")
    flags.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=float,
        default=0.0,
        help="read the config file again that often; 0: only at start (default)",
    )
    flags.add_argument("--model_name", default="default", help="for --model_base_path")
    flags.add_argument("--model_base_path", type=Path, help="one model, without a config file")
    return flags


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is not a port; expected 1 to 65535")
    return number


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop."""
    flags = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    try:
        models = configured(flags)
    except ConfigError as error:
        sys.stderr.write(f"serving: {error}\n")
        return 2
    Server(flags, models).run()
    return 0


def configured(flags: argparse.Namespace) -> list[ModelConfig]:
    """Return the models that the flags name; raise ConfigError."""
    if flags.model_config_file is not None:
        return read_config(flags.model_config_file)
    if flags.model_base_path is not None:
        path = flags.model_base_path.absolute()
        return [ModelConfig(name=flags.model_name, base_path=path)]
    raise ConfigError("no models: give --model_config_file or --model_base_path")


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one process of threads over one catalogue."""

    def __init__(self, flags: argparse.Namespace, models: list[ModelConfig]) -> None:
        self.flags, self.models = flags, models
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run."""
        for key, value in self._settings().items():
            self.cfg.set(key, value)

    def _settings(self) -> dict[str, Any]:
        return {
            "bind": f"{self.flags.rest_api_host}:{self.flags.rest_api_port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self.flags.rest_api_num_threads,
            "timeout": 0,  # a long call is no reason to kill the process that holds the models
            "graceful_timeout": 10,
            "keepalive": 75,
            "loglevel": "warning",
            "proc_name": "kantu-serving",
            # Every gunicorn of this user would open the same ~/.gunicorn/gunicorn.ctl.
            "control_socket_disable": True,
        }

    def load(self) -> flask.Flask:
        """Return the REST API at once; the models follow as they are loaded."""
        catalogue = Catalogue(load_servable)
        keep = threading.Thread(
            target=keep_up, args=(catalogue, self.models, self.flags), name="models", daemon=True
        )
        keep.start()
        return rest.create_app(catalogue)


def load_servable(path: Path) -> Servable:
    """Return the model in this folder, by the framework that it was saved with."""
    from serving.platforms.tensorflow import SavedModel  # seconds to import: not for `export -h`

    return SavedModel(path)


def keep_up(catalogue: Catalogue, models: list[ModelConfig], flags: argparse.Namespace) -> None:
    """Load the models, then load what the config file comes to say, for as long as we run.

    Nothing ends this: without it no model is ever loaded again.
    """
    _apply(catalogue, models)
    while flags.model_config_file is not None and flags.model_config_file_poll_wait_seconds > 0:
        time.sleep(flags.model_config_file_poll_wait_seconds)
        models = _read_again(flags.model_config_file, models)
        _apply(catalogue, models)


def _read_again(path: Path, models: list[ModelConfig]) -> list[ModelConfig]:
    try:
        return read_config(path)
    except ConfigError as error:
        logger.error("config file not read, the models stay the same: %s", error)
    except Exception:
        logger.exception("config file not read, the models stay the same")
    return models


def _apply(catalogue: Catalogue, models: list[ModelConfig]) -> None:
    try:
        catalogue.apply(models)
    except Exception:
        logger.exception("models not brought up to date")
