"""assets.extra/tf_serving_warmup_requests, replayed before a version becomes available.

A TFRecord file of PredictionLog: tensorflow_serving/g3doc/saved_model_warmup.md; rules and texts:
tensorflow_serving/servables/tensorflow/saved_model_warmup_util.cc. A request that fails, fails the
version.
"""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from serving.errors import DataLoss, InvalidArgument
from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.servable import Servable

logger = logging.getLogger(__name__)
_MOST = 1000  # records
_FRAME = struct.Struct("<QI")  # length of the record, and a checksum of the length


def warm_up(servable: Servable, version: Path, times: int) -> None:
    """Run each request in the version's file that often; raise ServingError where one fails."""
    from serving.replay import replay  # brings the messages of all requests

    began, count = time.monotonic(), 0
    for count, log in enumerate(logs(version), 1):  # noqa: B007  # told below
        for _ in range(times):
            replay(servable, log)
    if count:
        took = time.monotonic() - began
        logger.info("%s warmed up with %d requests in %.1f s", version, count, took)


def file_of(version: Path) -> Path:
    """Return where a version has its requests, if it has any."""
    return version / "assets.extra" / "tf_serving_warmup_requests"


def logs(version: Path) -> Iterator[PredictionLog]:
    """Give the requests of the version's file, if there is one; raise ServingError."""
    path = file_of(version)
    if not path.exists():
        return
    for count, record in enumerate(records(path)):
        if count == _MOST:
            raise InvalidArgument(
                f"Number of warmup records exceeds the maximum ({_MOST}) at {path}"
            )
        try:
            yield PredictionLog.FromString(record)
        except DecodeError:
            raise InvalidArgument(f"Failed to parse warmup record: {count} from {path}") from None


def records(path: Path) -> Iterator[bytes]:
    """Give the records of a TFRecord file, their checksums unread; raise DataLoss.

    Each is its length, uint64, a checksum of that, the bytes, a checksum of those:
    tensorflow/core/lib/io/record_writer.h.
    """
    whole = path.stat().st_size
    with path.open("rb") as file:
        while frame := file.read(_FRAME.size):
            place = file.tell() - len(frame)
            length = _FRAME.unpack(frame)[0] if len(frame) == _FRAME.size else whole
            if file.tell() + length + 4 > whole:
                raise DataLoss(f"truncated record at {place}")
            record = file.read(length)
            file.read(4)
            yield record
