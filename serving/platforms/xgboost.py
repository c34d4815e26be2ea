"""Boosters of XGBoost, from its own files: .ubj or .json.

`result` is what Booster.predict gives, under the name of Simple TensorFlow Serving; a classifier
gives `classes`, too.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.platforms import scikitlearn, typed
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose

_INPUT = "inputs"
_PICKLES = {".joblib", ".pkl", ".pickle"}
_DEBUGGING = re.compile(r"^\[[\d:]+\] \S+:\d+: |\s*Stack trace:.*", re.DOTALL)

# From what is predicted, float32 [batch] or [batch, classes], to the class, by objective.
_CLASSES: Mapping[str, Callable[[Array], Array]] = {
    "binary:logistic": lambda result: result > 0.5,
    "binary:hinge": lambda result: result,
    "multi:softprob": lambda result: result.argmax(1),
    "multi:softmax": lambda result: result,
}


def load(path: Path, flags: Flags) -> BoosterModel:
    """Return the model in the file; raise ServingError."""
    import xgboost

    if path.suffix in _PICKLES:
        found = scikitlearn.read(path, flags)
        booster = found.get_booster() if hasattr(found, "get_booster") else found
        if not isinstance(booster, xgboost.Booster):
            raise InvalidArgument(f"{path.name} holds no model of XGBoost: {type(found).__name__}")
        return BoosterModel(booster)
    try:
        return BoosterModel(xgboost.Booster(model_file=str(path)))
    except (xgboost.core.XGBoostError, ValueError, UnicodeDecodeError) as error:
        reason = _DEBUGGING.sub("", str(error)).replace(str(path), path.name)
        raise InvalidArgument(f"not a model of XGBoost that can be served: {reason}") from None


class BoosterModel:
    """One booster."""

    def __init__(self, booster: Any) -> None:
        learner = json.loads(booster.save_config())["learner"]
        self._booster = booster
        self._trees = learner["learner_train_param"]["booster"] != "gblinear"
        self._classes = _CLASSES.get(learner["objective"]["name"])
        # Where training stopped early, the trees after the best are not asked.
        best = booster.attr("best_iteration")
        self._iterations = (0, 0 if best is None else int(best) + 1)
        self._linear = threading.Lock()  # those are not safe to ask from several threads
        width = booster.num_features()
        outputs = self._predict(np.zeros((1, width), np.float32))
        rows = TensorInfo(name=_INPUT, dtype="DT_FLOAT", shape=(-1, width))
        self.signatures = {
            DEFAULT: Signature(
                inputs={_INPUT: rows},
                outputs={name: typed.info(name, each) for name, each in outputs.items()},
                method_name=typed.PREDICT,
            )
        }

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        signature = choose(self.signatures, signature_name)
        typed.check_shapes(signature, inputs)
        found = self._predict(typed.numbers(_INPUT, inputs[_INPUT]))
        return {name: found[name] for name in output_filter or signature.outputs}

    def _predict(self, rows: Array) -> dict[str, Array]:
        """Return the result and, of a classifier, the classes."""
        result = np.asarray(self._result(rows))
        found = {"result": result}
        if self._classes is not None:
            found["classes"] = self._classes(result).astype(np.int64)
        return found

    def _result(self, rows: Array) -> Any:
        import xgboost

        if self._trees:
            return self._booster.inplace_predict(
                rows, iteration_range=self._iterations, validate_features=False
            )
        with self._linear:
            return self._booster.predict(xgboost.DMatrix(rows), validate_features=False)

    def close(self) -> None:
        """Let it go."""
        self._booster = None
