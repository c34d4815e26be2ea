"""A version's folder int8/: a classifier whose network computes in whole numbers of eight bits.

    int8/saved_model.pb   what is around the network, as signatures:
                          kantu/pixels     picture files -> pixels
                          each of the model's own by its name: logits -> its outputs
    int8/model.tflite     the network: float32 [1, height, width, channels] -> float32 [1, classes]

`python -m serving export … --optimise int8` writes it into a version that is whole without it, and
has the same signatures there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from serving.errors import InvalidArgument
from serving.platforms.interpreters import Interpreters
from serving.platforms.tensorflow import Options, SavedModel
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, choose

FOLDER = "int8"  # in a version's
NETWORK = "model.tflite"
PIXELS = "kantu/pixels"  # the signature
LOGITS = "logits"  # the input of the others


class Int8Classifier:
    """One such folder, loaded."""

    def __init__(self, path: Path, *, interpreters: int, options: Options | None = None) -> None:
        """Load it; raise ServingError where it is not whole."""
        self._around = SavedModel(path, options)
        try:
            self._network = Interpreters((path / NETWORK).read_bytes(), interpreters)
        except (OSError, ValueError, RuntimeError) as error:
            self._around.close()
            raise InvalidArgument(f"not a network that can be served: {error}") from None
        pixels = self._around.signatures[PIXELS]
        (self._pixels,) = pixels.outputs
        with self._network.borrow() as network:
            (given,), (made,) = network.get_input_details(), network.get_output_details()
        self._given, self._made, self._classes = given["index"], made["index"], made["shape"][-1]
        self.signatures: dict[str, Signature] = {
            name: dataclasses.replace(each, inputs=pixels.inputs)
            for name, each in self._around.signatures.items()
            if name != PIXELS
        }

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError.

        Safe to call from many threads.
        """
        choose(self.signatures, signature_name)
        pixels = self._around.run(PIXELS, inputs)[self._pixels]
        return self._around.run(signature_name, {LOGITS: self._logits(pixels)}, output_filter)

    def _logits(self, pixels: Array) -> Array:
        """Return float32 [batch, classes] of float32 [batch, height, width, channels]."""
        logits = np.empty((len(pixels), self._classes), np.float32)
        with self._network.borrow() as network:
            for row, picture in enumerate(pixels):
                network.set_tensor(self._given, picture[None])
                network.invoke()
                logits[row] = network.get_tensor(self._made)[0]
        return logits

    def close(self) -> None:
        """Free the session. Nothing runs now, and nothing will."""
        self._around.close()
