"""What is between the models and those who ask them: a loaded version, and what it may be asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature


class Servable(Protocol):
    """One loaded version of a model, of whatever framework."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked."""

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError.

        Takes exactly the signature's inputs. Safe to call from many threads.
        """

    def close(self) -> None:
        """Free what it holds. Nothing runs now, and nothing will."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A version in use: it is not unloaded before that ends."""

    name: str
    version: int
    servable: Servable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """ModelVersionStatus of tensorflow_serving/apis/get_model_status.proto."""

    number: int
    state: str  # START, LOADING, AVAILABLE, UNLOADING or END
    code: str  # of google/rpc/code.proto, such as "OK"
    message: str  # empty where the code is OK; without paths of this machine
