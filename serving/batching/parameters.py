"""tensorflow_model_server's --batching_parameters_file: a BatchingParameters in text format.

Defaults, rules and their texts: QueueOptions and Options in
tensorflow/core/kernels/batching_util/shared_batch_scheduler.h, and WrapSessionForBatching in
tensorflow_serving/servables/tensorflow/bundle_factory_util.cc.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from pathlib import Path

from google.protobuf import text_format

from serving.errors import InvalidArgument
from serving.protocol.batching_parameters_pb2 import BatchingParameters


class BatchingError(InvalidArgument):
    """The file is not usable; the text says where and why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How requests are put together."""

    max_batch_size: int = 1000  # rows of one request, and of a batch where those are not split
    max_execution_batch_size: int = 1000  # rows of a batch
    batch_timeout: float = 0.0  # seconds that a batch waits for more at most
    max_enqueued_batches: int = 10  # of one signature and shape
    num_batch_threads: int = len(os.sched_getaffinity(0))  # of one version; port::MaxParallelism
    thread_pool_name: str = "model_server_batch_threads"  # server.cc's, where there is no file
    allowed_batch_sizes: tuple[int, ...] = ()  # rows, increasing; empty: any
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False

    def padded(self, rows: int) -> int:
        """Return the batch size that so many rows run with: RoundToLowestAllowedBatchSize."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def read_parameters(path: Path | None) -> Parameters:
    """Return what the file says, the defaults without one; raise BatchingError."""
    if path is None:
        return Parameters()
    try:
        message = text_format.Parse(path.read_text("utf-8"), BatchingParameters())
        return _checked(_parameters(message))
    except OSError as error:
        raise BatchingError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BatchingError(f"{path}: expected text in UTF-8") from None
    except text_format.ParseError as error:
        raise BatchingError(f"{path}:{error}") from None
    except InvalidArgument as error:
        raise BatchingError(f"{path}: {error}") from None


_MICROSECOND = 1e-6


def _parameters(message: BatchingParameters) -> Parameters:
    """Return the parameters; what the message leaves out is as it is by itself."""
    found = {
        field.name: value.value
        for field, value in message.ListFields()
        if field.message_type is not None
    }
    limit = found.get("max_batch_size", Parameters().max_batch_size)
    micros = found.pop("batch_timeout_micros", 0)
    execution = found.pop("max_execution_batch_size", limit)
    return Parameters(
        **{"thread_pool_name": "batch_threads", **found},
        batch_timeout=micros * _MICROSECOND,
        max_execution_batch_size=execution if found.get("enable_large_batch_splitting") else limit,
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        pad_variable_length_inputs=message.pad_variable_length_inputs,
    )


def _checked(found: Parameters) -> Parameters:
    """Return the parameters; raise InvalidArgument where they cannot be."""
    for name in ("num_batch_threads", "max_batch_size", "max_execution_batch_size"):
        if getattr(found, name) < 1:
            raise InvalidArgument(f"{name} must be positive; was {getattr(found, name)}")
    if found.batch_timeout < 0:
        micros = round(found.batch_timeout / _MICROSECOND)
        raise InvalidArgument(f"batch_timeout_micros must be non-negative; was {micros}")
    if found.max_enqueued_batches < 0:
        raise InvalidArgument(
            f"max_enqueued_batches must be positive; was {found.max_enqueued_batches}"
        )
    if found.max_execution_batch_size > found.max_batch_size:
        raise InvalidArgument(
            "When enable_large_batch_splitting is true, max_batch_size must be greater than or "
            "equal to max_execution_batch_size."
        )
    _check_allowed(found)
    return found


def _check_allowed(found: Parameters) -> None:
    sizes = found.allowed_batch_sizes
    for less, more in itertools.pairwise((0, *sizes)):
        if more <= less:
            raise InvalidArgument(
                f"allowed_batch_sizes must be positive and increase; found {more} after {less}"
            )
    limit = "max_execution_batch_size" if found.enable_large_batch_splitting else "max_batch_size"
    if sizes and sizes[-1] != found.max_execution_batch_size:
        raise InvalidArgument(
            f"Last entry in allowed_batch_sizes must match {limit}; last entry was {sizes[-1]}; "
            f"expected {found.max_execution_batch_size}"
        )
