"""Our own model for questions: it knows drawings of coloured shapes, and says so where it does not.

Any SavedModel will do whose `serving_default` takes `image` and `question` and gives `answer`.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Sequence
from typing import Any

from worker import metrics
from worker.breaker import Breaker
from worker.errors import ModelUnavailable
from worker.model_server import ModelServer
from worker.scene import Scene, is_drawing, likely, read_scene

logger = logging.getLogger(__name__)
_NOT_ASKED = 10  # seconds for which a model that cannot describe is not asked to
_UNKNOWN = 0  # the answer_id of an answer that is none


class ShapeModel:
    """Asks the model server; a question may lean on those before it."""

    def __init__(self, server: ModelServer, model: str, breaker: Breaker) -> None:
        self._server = server
        self.model = model
        self._breaker = breaker
        self._describes_from = 0.0  # by time.monotonic()

    def ask(self, picture: bytes, question: str, earlier: Sequence[str] = ()) -> str | None:
        """Return the answer; None where the model is not sure, or it is not its kind of picture.

        earlier: the questions asked before about the same picture, the oldest first.
        Raises ModelUnavailable.
        """
        lines = "\n".join(" ".join(each.split()) for each in (*earlier, question))
        answer = self._predict("serving_default", picture, question=lines)
        if isinstance(answer, dict):
            if not _is_sure(answer):
                return None
            answer = answer.get("answer")
        if not isinstance(answer, str):
            raise ModelUnavailable(f"{self.model} gave no answer in words")
        # JSON can hold half a character, which cannot be sent on.
        return answer.encode(errors="ignore").decode().strip() or None

    def describe(self, picture: bytes) -> Scene:
        """Return the shapes in a picture; none where it shows something else or nobody can say."""
        if time.monotonic() < self._describes_from:
            return []
        try:
            return read_scene(self._predict("describe", picture))
        except ModelUnavailable as error:  # then the classifier has to do
            self._describes_from = time.monotonic() + _NOT_ASKED
            logger.warning("pictures are not described for %d s: %s", _NOT_ASKED, error)
            return []

    def _predict(self, signature: str, picture: bytes, **inputs: str) -> Any:
        instance = {"image": {"b64": base64.b64encode(picture).decode()}, **inputs}
        if not inputs:
            instance = instance["image"]  # type: ignore[assignment]  # the only one has no name
        with metrics.ASK_SECONDS.labels("model").time():
            return self._breaker.call(
                lambda: self._server.predict(self.model, signature, instance),
                self._breaker.failures(),
            )


def _is_sure(answer: dict[str, Any]) -> bool:
    known = answer.get("answer_id", _UNKNOWN + 1) != _UNKNOWN
    return known and is_drawing(answer) and likely(answer.get("confidence", 1.0))
