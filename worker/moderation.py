"""May this be said? Asked of every text that a stranger's model has made up; never of our own.

off            MODERATION is empty
a deny-list    a text file: what stands on its lines may not occur; # begins a comment
an endpoint    POST {"text": "…"} -> 200 {"allowed": true}; anything else means no
"""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Callable
from pathlib import Path

import requests

from worker import metrics
from worker.session import Session

logger = logging.getLogger(__name__)
_TIMEOUT = (1.0, 4.0)  # seconds to connect, to answer
_LONGEST = 5.0  # seconds for the whole answer
Allows = Callable[[str], bool]


def moderation(setting: str, threads: int = 1) -> Allows:
    """Return what says whether a text may be said; setting: MODERATION.

    Raises OSError or UnicodeDecodeError where that file cannot be read.
    """
    if not setting:
        return lambda _text: True
    if setting.startswith(("http://", "https://")):
        return _Office(setting, threads).allows
    return DenyList(Path(setting).read_text("utf-8")).allows


class DenyList:
    """Words that may not occur, however they are spaced or written."""

    def __init__(self, text: str) -> None:
        lines = [line.partition("#")[0] for line in text.splitlines()]
        self._words = {folded for line in lines if (folded := _fold(line))}

    def allows(self, text: str) -> bool:
        """Return whether none occurs."""
        folded = _fold(text)
        return not any(word in folded for word in self._words)


def _fold(text: str) -> str:
    """Return the letters and digits only, in one form: full width as half, capitals as small."""
    return "".join(
        each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum()
    )


class _Office:
    """Somebody who is asked each time; who does not answer has not allowed it."""

    def __init__(self, url: str, threads: int) -> None:
        self._url = url
        self._http = Session(threads, _TIMEOUT, _LONGEST)

    def allows(self, text: str) -> bool:
        with metrics.ASK_SECONDS.labels("moderation").time():
            try:
                response = self._http.post(self._url, json={"text": text})
                said = json.loads(response.content) if response.status_code == 200 else None
            except (requests.RequestException, ValueError, RecursionError) as error:
                # Without its text, which holds the address and what may be a key in it.
                logger.error("moderation did not answer: %s", type(error).__name__)
                return False
        if not isinstance(said, dict) or not isinstance(said.get("allowed"), bool):
            logger.error("moderation answered HTTP %d without a verdict", response.status_code)
            return False
        return bool(said["allowed"])
