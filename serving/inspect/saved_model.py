"""A SavedModel: its MetaGraphs by their tags, their signatures, and one run of one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from serving.doctor import trial
from serving.doctor.finding import kind
from serving.doctor.trial import Trial
from serving.errors import InvalidArgument, ServingError
from serving.inspect.table import table
from serving.platforms.tensorflow import Options, SavedModel, import_tensorflow, signatures
from serving.protocol import predict_body
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, Signature, choose

_SHOWN = 6  # values of an output, at either end


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the model is to be run on."""

    name: str  # of the signature; empty: the default one
    inputs: str | None  # a JSON object of inputs
    files: Sequence[str]  # NAME=PATH


def lines(path: Path, given: Given) -> Iterator[str]:
    """Give what there is to say of the SavedModel in that folder; raise ServingError."""
    for graph in _graphs(path):
        info = graph.meta_info_def
        tags = tuple(info.tags)
        made = info.tensorflow_version or "an unknown version"
        yield f"tags: {', '.join(tags) or 'none'} (saved by TensorFlow {made})"
        yield from _signatures(signatures(graph))
        try:
            model = SavedModel(path, Options(tags=tags))
        except ServingError as error:
            if given.inputs is not None or given.files:
                raise
            yield f"cannot be loaded: {_first_line(error)}"
            continue
        with closing(model):
            yield from _run(model, path, given)


def _graphs(path: Path) -> Sequence[Any]:
    import_tensorflow()
    from tensorflow.python.saved_model import loader_impl

    try:
        graphs: Sequence[Any] = loader_impl.parse_saved_model(str(path)).meta_graphs
    except OSError as error:
        raise InvalidArgument(str(error).partition("\n")[0]) from None
    if not graphs:
        raise InvalidArgument(f"{path} has no graph in it, or is damaged")
    return graphs


def _signatures(found: Mapping[str, Signature]) -> Iterator[str]:
    for name, each in sorted(found.items(), key=lambda item: (item[0] != DEFAULT, item[0])):
        if not each.inputs:
            continue  # such as __saved_model_init_op: nobody calls them
        yield f"signature {name} ({each.method_name or 'no method'})"
        yield from table(
            (what, key, kind(info), info.name)
            for what, infos in (("input", each.inputs), ("output", each.outputs))
            for key, info in infos.items()
        )


def _run(model: SavedModel, path: Path, given: Given) -> Iterator[str]:
    asked = _asked(model.signatures, given) or _made_up(model.signatures, path, given.name)
    if asked is None:
        yield "no test run: the types of the inputs cannot be made up; give --inputs or --file"
        return
    words = f"test run of {asked.signature_name} {asked.source}"
    try:
        outputs = model.run(asked.signature_name, asked.inputs)
    except ServingError as error:
        if not asked.made_up:
            raise
        yield f"{words}: {_first_line(error)}"
        yield "  such values may well be refused: give others by --inputs or --file"
        return
    yield f"{words}:"
    yield from table((name, _type(each), _shown(each)) for name, each in outputs.items())


def _first_line(error: ServingError) -> str:
    return f"{error.code}: {error}".partition("\n")[0]


def _made_up(found: Mapping[str, Signature], path: Path, name: str) -> Trial | None:
    if not name:
        return trial.choose(found, path)
    return trial.of_zeros({name: choose(found, name)})


def _asked(found: Mapping[str, Signature], given: Given) -> Trial | None:
    """Return what was given, None where nothing was; raise InvalidArgument."""
    if given.inputs is None and not given.files:
        return None
    name = given.name or DEFAULT
    signature = choose(found, name)
    files = dict(_file(each) for each in given.files)
    rest = dataclasses.replace(
        signature,
        inputs={key: info for key, info in signature.inputs.items() if key not in files},
    )
    if unknown := [key for key in files if key not in signature.inputs]:
        expected = ", ".join(signature.inputs)
        raise InvalidArgument(f"there is no input {unknown[0]!r}; expected {expected}")
    inputs = _parsed(given.inputs, rest) if rest.inputs else {}
    return Trial(signature_name=name, inputs={**inputs, **files}, source="as given", made_up=False)


def _parsed(text: str | None, signature: Signature) -> dict[str, Array]:
    try:
        values = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise InvalidArgument(
            f'--inputs is no JSON, expected such as {{"x": [1.0]}}: {error}'
        ) from None
    return predict_body.to_arrays({"inputs": values}, signature)


def _file(given: str) -> tuple[str, Array]:
    name, _, path = given.partition("=")
    if not path:
        raise InvalidArgument(f"--file {given}: expected NAME=PATH")
    return name, np.array([Path(path).read_bytes()], np.object_)


def _type(array: Array) -> str:
    name = "string" if array.dtype == np.object_ else str(array.dtype)
    return f"{name}[{', '.join(map(str, array.shape))}]"


def _shown(array: Array) -> str:
    text = np.array2string(array, threshold=2 * _SHOWN, edgeitems=_SHOWN, separator=", ")
    return " ".join(text.split())
