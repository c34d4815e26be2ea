"""A message and those of the same follower that came just before it or after it.

Who asks right after a picture means that picture; who asks right before one means that one. So a
job may wait some seconds for another: the answers come in order anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from contract.job import PICTURE, QUESTION, ImageJob
from contract.turns import Place
from worker.services import Services

_PATIENCE = 5  # seconds
_LOOK = 0.05  # seconds


def await_those_before(message: ImageJob, services: Services) -> None:
    """Let what came before a question be answered first: it may lean on that."""
    _wait(message, services, lambda place: not place.ahead)


def await_questions_before(message: ImageJob, services: Services) -> None:
    """Let a question that came before its picture say that it waits for it."""
    _wait(
        message, services, lambda place: not any(each.startswith(QUESTION) for each in place.ahead)
    )


def has_questions_before(place: Place) -> bool:
    """Return whether a question that came earlier is not answered yet."""
    return any(each.startswith(QUESTION) for each in place.ahead)


def await_picture_after(message: ImageJob, services: Services) -> bool:
    """Return whether a picture came after a question, and is kept by now."""
    place = services.turns.place(message.follower, message.turn)
    if not any(each.startswith(PICTURE) for each in place.behind):
        return False
    return _until(lambda: any(each.is_kept for each in services.album.look(message.follower)))


def _wait(message: ImageJob, services: Services, ready: Callable[[Place], bool]) -> None:
    _until(lambda: ready(services.turns.place(message.follower, message.turn)))


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(_LOOK)
    return False
