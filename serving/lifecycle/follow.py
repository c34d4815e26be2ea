"""The thread that keeps the models as the disk and the config file say."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from serving.config_file import ConfigError, read_text
from serving.errors import ServingError
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, parse_config

logger = logging.getLogger(__name__)
_TICK = 1.0  # seconds; a try to load a version again comes at most so much too late


class ConfigFile:
    """A config file that may change. One that has not is not read into the catalogue again.

    Otherwise it would undo, each time, what has come by HandleReloadConfigRequest.
    """

    def __init__(self, path: Path, text: str) -> None:
        """Text is what has been applied of it."""
        self._path, self._applied = path, text
        self._refused = ""

    def follow(self, catalogue: Catalogue) -> None:
        """Apply what the file says now, where that is new."""
        try:
            text = read_text(self._path)
            if text != self._applied:
                catalogue.apply(parse_config(text, str(self._path)))
                self._applied, self._refused = text, ""
        except (ConfigError, ServingError) as error:
            self._tell(str(error))

    def _tell(self, reason: str) -> None:
        if reason != self._refused:
            logger.error("config file not applied, the models stay the same: %s", reason)
        self._refused = reason


def keep_up(
    catalogue: Catalogue,
    models: Sequence[ModelConfig],
    file: ConfigFile | None,
    flags: Flags,
    tried: threading.Event,
) -> None:
    """Load the models, then what the disk and the config file come to say, as long as we run.

    tried is set when each of the models has been loaded or could not be. Nothing ends this:
    without it no model is ever loaded again.
    """
    _attempt(lambda: catalogue.apply(models))
    tried.set()
    jobs = [Job(catalogue.poll, flags.file_system_poll_wait_seconds)]
    if file is not None:
        follow = file.follow
        jobs.append(Job(lambda: follow(catalogue), flags.model_config_file_poll_wait_seconds))
    jobs = [job for job in jobs if job.seconds > 0]
    tick = min([_TICK, *(job.seconds for job in jobs)])
    while True:
        time.sleep(tick)
        for job in jobs:
            job.run_if_due()
        _attempt(catalogue.retry)


class Job:
    """Something done again and again, with so many seconds from one end to the next begin."""

    def __init__(self, work: Callable[[], None], seconds: float) -> None:
        self._work, self.seconds = work, seconds
        self._due = time.monotonic() + seconds

    def run_if_due(self) -> None:
        """Do it where its time has come."""
        if time.monotonic() >= self._due:
            _attempt(self._work)
            self._due = time.monotonic() + self.seconds


def _attempt(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        logger.exception("models not brought up to date")
