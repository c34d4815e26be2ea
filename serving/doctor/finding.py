"""One line of what the doctor says, and the words that both ways of examining share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from serving.protocol.signature import Signature, TensorInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Something found, and whether it is as it should be."""

    words: str
    well: bool = True

    @property
    def text(self) -> str:
        """Return the line; ! marks what is wrong."""
        return f"{'  ' if self.well else '! '}{self.words}"


def signatures(found: Mapping[str, Signature]) -> Iterator[Finding]:
    """Give what each signature takes and gives; not those that cannot be called."""
    for name, each in found.items():
        if each.inputs:
            method = each.method_name.rpartition("/")[2] or "no method"
            yield Finding(f"    {name} ({method}): {_infos(each.inputs)} -> {_infos(each.outputs)}")


def _infos(infos: Mapping[str, TensorInfo]) -> str:
    return ", ".join(f"{name} {kind(info)}" for name, info in infos.items())


def kind(info: TensorInfo) -> str:
    """Return type and shape, such as float[?, 3]."""
    sizes = "..." if info.shape is None else ", ".join("?" if n < 0 else str(n) for n in info.shape)
    return f"{info.dtype.removeprefix('DT_').lower()}[{sizes}]"
