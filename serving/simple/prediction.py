"""POST /: a request in, the outputs of a model as JSON out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from serving import deadline
from serving.errors import InvalidArgument, NotFound
from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.measured import measured
from serving.monitoring.metrics import Metrics
from serving.protocol import json_answer, signature
from serving.protocol.json_parse import parse_json
from serving.protocol.signature import Signature
from serving.servable import Served
from serving.simple import listing
from serving.simple.asked import Asked, check_names, of_json
from serving.simple.form import is_form, of_form
from serving.simple.functions import POSTPROCESS, PREPROCESS, Arrays, apply


class Prediction:
    """Answers for the models of a catalogue."""

    def __init__(
        self, catalogue: Catalogue, metrics: Metrics, default: str, seconds: float | None
    ) -> None:
        """Take the model that is meant where none is named, and the time that an answer may take.

        Seconds None: as long as it takes.
        """
        self._catalogue, self._metrics = catalogue, metrics
        self._default, self._seconds = default, seconds

    def answer(self, body: bytes, content_type: str) -> bytes:
        """Return the JSON of a good answer; raise ServingError."""
        asked = of_form(body, content_type) if is_form(content_type) else of_json(parse_json(body))
        name = asked.model_name or self._only()
        with self._metrics.request(name, "predict", "SIMPLE"), deadline.within(self._seconds):
            return json_answer.format_named(self._outputs(name, asked))

    def _only(self) -> str:
        names = self._catalogue.names()
        if self._default in names:
            return self._default
        if len(names) == 1:
            return names[0]
        raise InvalidArgument(f"model_name is needed; there are: {', '.join(names) or 'none'}")

    def _outputs(self, name: str, asked: Asked) -> Arrays:
        with (
            self._use(name, asked) as found,
            measured(found, self._metrics, "Predict") as served,
        ):
            chosen = _chosen(served.servable.signatures, asked.signature_name)
            inputs = apply(PREPROCESS, asked.preprocess, asked.arrays(chosen))
            check_names(inputs, chosen)
            outputs = served.servable.run(asked.signature_name, _typed(inputs, chosen))
            return apply(POSTPROCESS, asked.postprocess, outputs)

    @contextlib.contextmanager
    def _use(self, name: str, asked: Asked) -> Iterator[Served]:
        """Give the version asked for; raise NotFound, which says what there is."""
        self._catalogue.config(name)
        with contextlib.ExitStack() as stack:
            try:
                use = self._catalogue.use(name, asked.version, asked.label)
                served = stack.enter_context(use)
            except (NotFound, InvalidArgument):  # the latter for a label
                raise NotFound(self._missing(name, asked)) from None
            yield served

    def _missing(self, name: str, asked: Asked) -> str:
        which = asked.label if asked.version is None else str(asked.version)
        numbers, labels = listing.answering(self._catalogue, name)
        there = ", ".join([*map(str, numbers), *labels]) or "none"
        version = f"version {which[:100]}" if which else "version"
        return f"model {name} has no {version} that answers; there are: {there}"


def _chosen(signatures: Mapping[str, Signature], name: str) -> Signature:
    """Return the signature of that name; raise InvalidArgument, which says which there are."""
    try:
        return signature.choose(signatures, name)
    except InvalidArgument as error:
        there = ", ".join(each for each, found in signatures.items() if found.inputs) or "none"
        raise InvalidArgument(f"{error}; there are: {there}") from None


def _typed(inputs: Arrays, chosen: Signature) -> Arrays:
    """Return the arrays in the types of the inputs, which a function may have left."""
    kinds = {name: signature.NUMPY_TYPES[info.dtype] for name, info in chosen.inputs.items()}
    return {name: array.astype(kinds[name], copy=False) for name, array in inputs.items()}
