"""MOJOs of H2O, scored by H2O's own h2o-genmodel.jar in a Java machine within this process.

H2O is not needed, nor are its 266 MB: the jar comes with a model, from
model.download_mojo(path, get_genmodel_jar=True). Which jar, the flag says: a jar is code.
"""

from __future__ import annotations

import functools
import math
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import FailedPrecondition, InvalidArgument
from serving.flags import Flags
from serving.platforms import text, typed
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, TensorInfo, choose

_EASY = "hex.genmodel.easy"

# By the category of the model: the method to ask, the field that is the answer, and, of a
# classifier, the field of the probabilities.
_CATEGORIES = {
    "Binomial": ("predictBinomial", "label", "classProbabilities"),
    "Multinomial": ("predictMultinomial", "label", "classProbabilities"),
    "Regression": ("predictRegression", "value", ""),
    "Clustering": ("predictClustering", "cluster", ""),
}


def load(path: Path, flags: Flags) -> Mojo:
    """Return the model in the file; raise ServingError."""
    if not zipfile.is_zipfile(path):
        raise InvalidArgument(f"{path.name} is no MOJO of H2O: it is no zip archive")
    if flags.h2o_genmodel_jar is None:
        raise FailedPrecondition(
            "platform h2o needs --h2o_genmodel_jar=PATH: the h2o-genmodel.jar that "
            "model.download_mojo(path, get_genmodel_jar=True) puts beside a model"
        )
    java = _start(flags.h2o_genmodel_jar)
    try:
        model = java.JClass("hex.genmodel.MojoModel").load(str(path))
    except java.JException as error:
        reason = str(error).replace(str(path), path.name)
        raise InvalidArgument(f"not a MOJO that can be served: {reason}") from None
    return Mojo(java, model)


@functools.cache
def _start(jar: Path) -> Any:
    """Return JPype with a Java machine that knows the jar; raise FailedPrecondition."""
    import jpype

    if not jar.is_file():
        raise FailedPrecondition(f"--h2o_genmodel_jar={jar.name}: there is no such file")
    try:
        if not jpype.isJVMStarted():
            # -Xrs: signals are ours.
            jpype.startJVM("-Xrs", "-Djava.awt.headless=true", classpath=[str(jar)])
        jpype.JClass("hex.genmodel.MojoModel")
    except jpype.JVMNotFoundException:
        raise FailedPrecondition(
            "platform h2o needs Java, and none was found: apt-get install default-jre-headless"
        ) from None
    except (TypeError, ImportError, OSError) as error:
        raise FailedPrecondition(
            f"--h2o_genmodel_jar={jar.name} has no H2O in it, or Java cannot run it: {error}"
        ) from None
    return jpype


class Mojo:
    """One model. Rows go through it one after another."""

    def __init__(self, java: Any, model: Any) -> None:
        """Read what it takes; raise InvalidArgument where it is of a kind that has no form here."""
        category = str(model.getModelCategory())
        if category not in _CATEGORIES:
            raise InvalidArgument(f"the MOJO is for {category}; expected: {', '.join(_CATEGORIES)}")
        self._method, self._answer, self._probabilities = _CATEGORIES[category]
        easy = java.JClass(f"{_EASY}.EasyPredictModelWrapper")
        config = easy.Config().setModel(model).setConvertUnknownCategoricalLevelsToNa(True)
        self._model, self._row = easy(config), java.JClass(f"{_EASY}.RowData")
        self._alone = threading.Lock()  # H2O does not promise that several threads may ask at once
        names = [str(each) for each in model.getNames()][: model.nfeatures()]
        self.signatures = {DEFAULT: self._signature(model, names)}

    def _signature(self, model: Any, names: Sequence[str]) -> Signature:
        inputs = {}
        for index, name in enumerate(names):
            kind = "DT_DOUBLE" if model.getDomainValues(index) is None else "DT_STRING"
            inputs[name] = TensorInfo(name=name, dtype=kind, shape=(-1,))
        label = self._answer == "label"
        kind = "DT_STRING" if label else "DT_INT64" if self._answer == "cluster" else "DT_DOUBLE"
        outputs = {"predict": TensorInfo(name="predict", dtype=kind, shape=(-1,))}
        if label:
            shape = (-1, int(model.getNumResponseClasses()))
            outputs["predict_proba"] = TensorInfo(
                name="predict_proba", dtype="DT_DOUBLE", shape=shape
            )
        return Signature(inputs=inputs, outputs=outputs, method_name=typed.PREDICT)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError."""
        signature = choose(self.signatures, signature_name)
        columns = {
            name: _column(name, inputs[name], each) for name, each in signature.inputs.items()
        }
        if len({len(each) for each in columns.values()}) != 1:
            raise InvalidArgument("expected inputs of one shape, [batch]")
        rows = zip(*columns.values(), strict=True)
        with self._alone:
            found = [self._score(dict(zip(columns, row, strict=True))) for row in rows]
        outputs = self._arrays(signature, found)
        return {name: outputs[name] for name in output_filter or signature.outputs}

    def _score(self, row: Mapping[str, Any]) -> Any:
        """Return H2O's prediction for a row; what is NaN or empty is missing there."""
        import jpype

        given = self._row()
        for name, value in row.items():
            if isinstance(value, str):
                given.put(name, value)
            elif not math.isnan(value):
                given.put(name, jpype.java.lang.Double(value))
        try:
            return getattr(self._model, self._method)(given)
        except jpype.JException as error:
            raise InvalidArgument(str(error)) from None

    def _arrays(self, signature: Signature, found: Sequence[Any]) -> dict[str, Array]:
        answers = [getattr(each, self._answer) for each in found]
        if not self._probabilities:
            whole = signature.outputs["predict"].dtype == "DT_INT64"
            return {"predict": np.array(answers, np.int64 if whole else np.float64)}
        rows = [list(getattr(each, self._probabilities)) for each in found]
        _, width = signature.outputs["predict_proba"].shape or (-1, -1)
        return {
            "predict": text.to_bytes(np.array([str(each) for each in answers], np.object_)),
            "predict_proba": np.array(rows, np.float64).reshape(len(rows), width),
        }

    def close(self) -> None:
        """Let it go; the Java machine stays, as it can be started but once."""
        del self._model


def _column(name: str, array: Array, info: TensorInfo) -> list[Any]:
    """Return the values of an input, [batch] or one alone; raise InvalidArgument."""
    column = np.atleast_1d(array)
    if column.ndim != 1:
        raise InvalidArgument(f"input {name}: expected shape [batch], found {list(array.shape)}")
    if info.dtype == "DT_STRING":
        typed.check_type(name, array, info)
        return list(text.to_text(column).tolist())
    return list(typed.numbers(name, column).astype(np.float64).tolist())
