"""The pictures that the page offers to send."""

from __future__ import annotations

from pathlib import Path

from simulator.camera import photograph
from simulator.errors import WrongField

SAMPLES = Path(__file__).parent / "samples"


def names() -> list[str]:
    """Return the names of all samples, in their order."""
    return sorted(path.name for path in SAMPLES.glob("*.jpg"))


def take(name: str, *, anew: bool) -> bytes:
    """Return a sample, the same file each time or photographed anew; raise WrongField."""
    known = names()
    if name not in known:
        raise WrongField(f"sample={name!r} is no sample; expected one of {', '.join(known)}")
    return photograph(SAMPLES / name) if anew else (SAMPLES / name).read_bytes()
