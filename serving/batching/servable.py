"""A servable whose requests run together where they can: BatchingSession of TensorFlow Serving.

Better than that one, a batch that fails is run again in halves, until who is to blame is alone: a
truncated picture fails no neighbour. What has no batch dimension runs as it comes.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence

from serving import deadline
from serving.batching import rows
from serving.batching.parameters import Parameters
from serving.batching.rows import Arrays
from serving.batching.scheduler import Scheduler, Task
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature
from serving.servable import Servable


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """What requests must have in common to run together."""

    signature: str
    outputs: tuple[str, ...]  # those asked for; empty: all
    rows: tuple[tuple[str, str, tuple[int, ...]], ...]  # name, type and shape of each input's


Observe = Callable[[int, Sequence[float]], None]  # rows of a batch, and seconds each task waited


class BatchingServable:
    """A model behind a queue."""

    def __init__(self, servable: Servable, parameters: Parameters, observe: Observe) -> None:
        """Take requests for the servable; observe hears of each batch."""
        self._servable, self._parameters, self._observe = servable, parameters, observe
        self._scheduler = Scheduler(parameters, self._run_tasks)
        self._without_rows: set[tuple[str, str]] = set()  # signature and output, as it turned out

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked."""
        return self._servable.signatures

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        """Return the outputs of one call, or just those named; raise ServingError.

        Raises Unavailable at once where too many wait.
        """
        outputs = tuple(output_filter)
        if not (self._can_be_batched(signature_name, outputs) and rows.count(inputs)):
            return self._servable.run(signature_name, inputs, output_filter)
        kind = self._kind(signature_name, inputs, outputs)
        tasks = [
            Task(kind=kind, inputs=part, rows=rows.count(part)) for part in self._parts(inputs)
        ]
        self._scheduler.submit(tasks)
        found = [deadline.wait(task.done) for task in tasks]
        if len(found) > 1 and not self._can_be_batched(signature_name, outputs):
            return self._servable.run(signature_name, inputs, output_filter)  # it was no use
        return rows.join(found)

    def _can_be_batched(self, name: str, outputs: tuple[str, ...]) -> bool:
        """Return whether every array of the call has rows, as far as the signature says."""
        signature = self.signatures.get(name)
        if signature is None or not signature.inputs:
            return False
        wanted = outputs or tuple(signature.outputs)
        if any((name, output) in self._without_rows for output in wanted):
            return False
        infos = [*signature.inputs.values(), *(signature.outputs[output] for output in wanted)]
        return all(info.shape is None or info.shape[:1] == (-1,) for info in infos)

    def _parts(self, inputs: Arrays) -> Sequence[Arrays]:
        if not self._parameters.enable_large_batch_splitting:
            return [inputs]
        return rows.pieces(inputs, self._parameters.max_execution_batch_size)

    def _kind(self, name: str, inputs: Arrays, outputs: tuple[str, ...]) -> _Kind:
        padding = self._parameters.pad_variable_length_inputs
        shapes = {
            key: (-1,) * (array.ndim - 1) if padding else array.shape[1:]
            for key, array in inputs.items()
        }
        return _Kind(
            signature=name,
            outputs=outputs,
            rows=tuple((key, array.dtype.name, shapes[key]) for key, array in inputs.items()),
        )

    def _run_tasks(self, tasks: list[Task]) -> None:
        """Finish the tasks of a batch, on a thread of the scheduler; leave out who gave up."""
        tasks = [task for task in tasks if task.done.set_running_or_notify_cancel()]
        if not tasks:
            return
        now = time.monotonic()
        self._observe(sum(task.rows for task in tasks), [now - task.began for task in tasks])
        self._finish(tasks)

    def _finish(self, tasks: Sequence[Task]) -> None:
        try:
            outputs = self._run_together(tasks)
        except Exception as error:  # noqa: BLE001  # raised again where the request is answered
            if len(tasks) == 1:
                tasks[0].done.set_exception(error)
                return
            half = len(tasks) // 2
            self._finish(tasks[:half])
            self._finish(tasks[half:])
            return
        for task, found in zip(tasks, outputs, strict=True):
            task.done.set_result(found)

    def _run_together(self, tasks: Sequence[Task]) -> Sequence[Arrays]:
        """Return the outputs of each task; raise whatever the model raises."""
        kind: _Kind = tasks[0].kind  # type: ignore[assignment]  # the scheduler takes any
        counts = [task.rows for task in tasks]
        size = self._parameters.padded(sum(counts))
        merged = rows.merge([task.inputs for task in tasks], size)
        outputs = self._servable.run(kind.signature, merged, kind.outputs)
        missing = rows.without_rows(outputs, size)
        if not missing:
            return rows.split(outputs, counts)
        self._without_rows.update((kind.signature, output) for output in missing)
        return [self._servable.run(kind.signature, task.inputs, kind.outputs) for task in tasks]

    def close(self) -> None:
        """End the threads, and free the model. Nothing runs now, and nothing will."""
        self._scheduler.close()
        self._servable.close()
