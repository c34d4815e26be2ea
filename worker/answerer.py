"""Who answers a question: our model where it is sure, else the endpoint, else honestly nobody."""

from __future__ import annotations

import dataclasses
import enum
import logging
from collections.abc import Sequence

from contract.talk import Exchange
from worker import metrics
from worker.endpoint import Endpoint
from worker.errors import EndpointUnavailable, ModelUnavailable
from worker.moderation import Allows
from worker.scene import Scene
from worker.shape_model import ShapeModel

logger = logging.getLogger(__name__)
_LEANT_ON = 3  # earlier questions that our model takes


class Source(enum.StrEnum):
    """Where an answer comes from."""

    MODEL = "model"  # our own
    ENDPOINT = "endpoint"
    WITHHELD = "withheld"  # the endpoint's, which may not be said
    CLASSIFIER = "classifier"  # what the picture shows, asked in words
    NOBODY = "nobody"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known about a question."""

    source: Source
    text: str = ""  # empty where nobody knows, or where it may not be said

    @property
    def is_known(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.text)


class Answerer:
    """The chain of those who may know."""

    def __init__(
        self, shapes: ShapeModel | None, endpoint: Endpoint | None, allows: Allows
    ) -> None:
        self._shapes = shapes
        self._endpoint = endpoint
        self._allows = allows

    def describe(self, picture: bytes) -> Scene:
        """Return the shapes in a picture; none where it shows something else or nobody can say."""
        return self._shapes.describe(picture) if self._shapes else []

    def ask(self, picture: bytes, question: str, earlier: Sequence[Exchange] = ()) -> Answer:
        """Return the answer to a question about a picture.

        earlier: what was asked about it before, the oldest first. Raises ModelUnavailable where our
        model is away and there is no other, EndpointUnavailable where the other is away.
        """
        text = self._ask_shapes(picture, question, earlier)
        if text:
            return Answer(source=Source.MODEL, text=text)
        if self._endpoint is None:
            return Answer(source=Source.NOBODY)
        return self._ask_endpoint(self._endpoint, picture, question, earlier)

    def _ask_shapes(self, picture: bytes, question: str, earlier: Sequence[Exchange]) -> str | None:
        if self._shapes is None:
            return None
        lines = [each.question for each in earlier][-_LEANT_ON:]
        try:
            return self._shapes.ask(picture, question, lines)
        except ModelUnavailable as error:
            if self._endpoint is None:
                raise
            logger.warning("our model is away, so the endpoint is asked: %s", error)
            return None

    def _ask_endpoint(
        self, endpoint: Endpoint, picture: bytes, question: str, earlier: Sequence[Exchange]
    ) -> Answer:
        try:
            text = endpoint.ask(picture, question, earlier)
        except ModelUnavailable as error:
            logger.error("no answer about a photograph: %s", error)
            raise EndpointUnavailable(str(error)) from None
        if not text:
            return Answer(source=Source.NOBODY)
        if not self._allows(text):
            return Answer(source=Source.WITHHELD)
        return Answer(source=Source.ENDPOINT, text=text)


def count(answer: Answer) -> None:
    """Count an answer, by who gave it."""
    metrics.ANSWERS.labels(answer.source).inc()
