"""Whatever has scikit-learn's methods: one output for each, named as the method.

serving_default answers all that Simple TensorFlow Serving does: predict, predict_proba and
predict_log_proba, as far as the model has them. Each method is a signature of its own, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from serving.errors import InvalidArgument
from serving.platforms import text, typed
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose

TOGETHER = ("predict", "predict_proba", "predict_log_proba")
METHODS = (*TOGETHER, "decision_function", "transform")

Arrays = Mapping[str, Array]


class Estimator:
    """One fitted estimator."""

    def __init__(
        self,
        model: Any,
        inputs: Mapping[str, TensorInfo],
        arrange: Callable[[Arrays], Any],
        probe: Arrays,
        methods: Sequence[str] = METHODS,
    ) -> None:
        """Find out what it answers, with a probe of one row; raise InvalidArgument.

        arrange: from the inputs of a signature to what the model's methods take.
        """
        self._model, self._arrange = model, arrange
        outputs = {
            method: typed.info(method, self._call(method, arrange(probe)))
            for method in methods
            if hasattr(model, method)
        }
        if not outputs:
            raise InvalidArgument(
                f"{type(model).__name__} has none of the methods {', '.join(methods)}"
            )
        together = [each for each in TOGETHER if each in outputs] or list(outputs)
        answers = {DEFAULT: together, **{each: [each] for each in outputs}}
        self.signatures = {
            name: Signature(
                inputs=inputs,
                outputs={each: outputs[each] for each in methods},
                method_name=typed.PREDICT,
            )
            for name, methods in answers.items()
        }

    def run(
        self, signature_name: str, inputs: Arrays, output_filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        signature = choose(self.signatures, signature_name)
        rows = self._arrange(inputs)
        return {each: self._call(each, rows) for each in output_filter or signature.outputs}

    def _call(self, method: str, rows: Any) -> Array:
        try:
            with np.errstate(divide="ignore"):  # the logarithm of a probability of 0
                found = getattr(self._model, method)(rows)
        except (ValueError, TypeError) as error:  # rows of another shape, numbers that are none
            raise InvalidArgument(f"{method}: {error}") from None
        dense = found.toarray() if hasattr(found, "toarray") else found
        array = np.asarray(dense)
        return text.to_bytes(array) if array.dtype.kind in "OUS" else array

    def close(self) -> None:
        """Let it go."""
        self._model = None
