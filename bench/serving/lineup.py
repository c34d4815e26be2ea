"""Who is asked for pictures' classes: a large model in fp32 and int8, a small one, by every way."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model in one form."""

    name: str  # on the server, and the folder's
    version: int
    title: str
    seconds: float  # of asking at full speed, so that dozens of pictures are answered

    @property
    def key(self) -> str:
        """Return its name in results."""
        return f"{self.name}-{'int8' if self.version == 2 else 'fp32'}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One server and protocol; a peer is another server under test."""

    name: str
    title: str
    protocol: str  # rest or grpc
    batching: bool


MODELS = (
    Model(name="resnet50", version=1, title="ResNet-50 fp32", seconds=1.0),
    Model(name="resnet50", version=2, title="ResNet-50 int8", seconds=0.8),
    Model(name="demo", version=1, title="demo fp32", seconds=0.5),
)
WAYS = (
    Way(name="grpc", title="**Kantu**, gRPC", protocol="grpc", batching=False),
    Way(name="rest", title="**Kantu**, REST", protocol="rest", batching=False),
    Way(name="grpc-batching", title="Kantu, gRPC, batching", protocol="grpc", batching=True),
    Way(name="rest-batching", title="Kantu, REST, batching", protocol="rest", batching=True),
)
DIRECT = "direct"  # the same callable in one process, without a server
