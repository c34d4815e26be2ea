"""The threads of one version, and the batches that wait for them.

A batch takes requests of one kind until a thread takes it: when it is full, has waited long enough,
or the next of its kind has begun. Rules and their texts:
tensorflow/core/kernels/batching_util/shared_batch_scheduler.h. Unlike there, each version has
threads of its own, and requests of other shapes are of another kind.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future

from serving.batching.parameters import Parameters
from serving.batching.rows import Arrays
from serving.errors import InvalidArgument, Unavailable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A request that waits, or a part of one that is larger than a batch."""

    kind: Hashable  # what it can be put together with
    inputs: Arrays
    rows: int
    done: Future[Arrays] = dataclasses.field(default_factory=Future)
    began: float = dataclasses.field(default_factory=time.monotonic)


class Batch:
    """Tasks of one kind, in the order of their coming."""

    def __init__(self, kind: Hashable, due: float) -> None:
        self.kind, self.due = kind, due  # due: on the monotonic clock
        self.tasks: list[Task] = []
        self.rows = 0

    def add(self, task: Task) -> None:
        """Take one more."""
        self.tasks.append(task)
        self.rows += task.rows


class Scheduler:
    """Gives batches to run on threads of its own, until it is closed."""

    def __init__(self, parameters: Parameters, run: Callable[[list[Task]], None]) -> None:
        """Start the threads; run has to finish every task it gets, and raise nothing."""
        self._parameters, self._run = parameters, run
        self._waiting: list[Batch] = []  # in the order in which they began
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"{parameters.thread_pool_name}_{number}")
            for number in range(parameters.num_batch_threads)
        ]
        for thread in self._threads:
            thread.daemon = True  # a server that ends does not wait for models
            thread.start()

    def submit(self, tasks: Sequence[Task]) -> None:
        """Take the parts of one request; raise Unavailable, at once, where no place is left.

        Raises InvalidArgument for a request that is too large.
        """
        rows = sum(task.rows for task in tasks)
        if rows > self._parameters.max_batch_size:
            raise InvalidArgument(
                f"Task size {rows} is larger than maximum input batch size "
                f"{self._parameters.max_batch_size}"
            )
        with self._changed:
            self._check_capacity(tasks[0].kind, rows)
            for task in tasks:
                self._add(task)
            self._changed.notify(len(tasks))

    def _check_capacity(self, kind: Hashable, rows: int) -> None:
        """Raise where the queue is full: ValidateBatchTaskQueueCapacity."""
        size, most = self._parameters.max_execution_batch_size, self._most()
        waiting = [batch for batch in self._waiting if batch.kind == kind]
        left = (most - len(waiting)) * size + (size - waiting[-1].rows if waiting else 0)
        if self._parameters.enable_large_batch_splitting and rows > left:
            raise Unavailable(
                "The batch scheduling queue to which this task was submitted is full; task size "
                f"is {rows} but scheduling capacity is only {left} "
                f"(num_enqueued_batches={len(waiting)}, max_enqueued_batches={most}, "
                f"open_batch_size={waiting[-1].rows if waiting else 0}, "
                f"max_execution_batch_size={size})"
            )
        if waiting and waiting[-1].rows + rows > size and len(waiting) >= most:
            raise Unavailable(
                "The batch scheduling queue to which this task was submitted is full; currently "
                f"{len(waiting)} batches enqueued and max_enqueued_batches is {most}"
            )

    def _most(self) -> int:
        return max(1, self._parameters.max_enqueued_batches)

    def _add(self, task: Task) -> None:
        """Put a task into the youngest batch of its kind, or begin a new one."""
        batch = self._youngest(task.kind)
        if batch is None or batch.rows + task.rows > self._parameters.max_execution_batch_size:
            if batch is not None:
                batch.due = task.began
            batch = Batch(task.kind, task.began + self._parameters.batch_timeout)
            self._waiting.append(batch)
        batch.add(task)
        if batch.rows == self._parameters.max_execution_batch_size:
            batch.due = task.began

    def _youngest(self, kind: Hashable) -> Batch | None:
        return next((batch for batch in reversed(self._waiting) if batch.kind == kind), None)

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            self._run(batch.tasks)
            del batch  # holds the requests' arrays

    def _next(self) -> Batch | None:
        """Wait for a batch that may run and take it; None where there will be none."""
        with self._changed:
            while not (self._closed and not self._waiting):
                now = time.monotonic()
                due = min(self._waiting, key=lambda batch: batch.due, default=None)
                if due is not None and (self._closed or due.due <= now):
                    self._waiting.remove(due)
                    return due
                self._changed.wait(None if due is None else due.due - now)
            return None

    def close(self) -> None:
        """Run what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
