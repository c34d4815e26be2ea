"""The SavedModels that a peer serves, called as TensorFlow's guide says."""

from __future__ import annotations

import base64
import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MODELS = "BENCH_MODELS"  # the variable: JSON, name -> [folder, signature]
COPIES = "BENCH_COPIES"  # the variable: processes that compute, where a peer has several
BATCH = 8  # requests that run together at most
PATIENCE = 60  # seconds that a request may wait

Request = Mapping[str, str]  # input -> text; "image" is base64
Answer = dict[str, Any]  # output -> value
Run = Callable[[Sequence[Request]], list[Answer]]


def models() -> dict[str, tuple[str, str]]:
    """Return what is served: name -> folder and signature."""
    found: dict[str, tuple[str, str]] = json.loads(os.environ[MODELS])
    return found


def copies() -> int:
    """Return how many processes compute, where a peer has several."""
    return int(os.environ[COPIES])


@functools.cache
def load(name: str) -> Run:
    """Return a model: requests in, as many answers out."""
    import tensorflow as tf

    folder, signature = models()[name]
    loaded = tf.saved_model.load(folder)
    call = loaded.signatures[signature]

    def run(requests: Sequence[Request]) -> list[Answer]:
        inputs = {
            key: tf.constant([_value(key, each[key]) for each in requests]) for key in requests[0]
        }
        outputs = {key: value.numpy().tolist() for key, value in call(**inputs).items()}
        return [
            {key: _plain(values[place]) for key, values in outputs.items()}
            for place in range(len(requests))
        ]

    run.__dict__["loaded"] = loaded  # its variables die with it
    return run


def _value(key: str, text: str) -> bytes:
    return base64.b64decode(text) if key == "image" else text.encode()


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
