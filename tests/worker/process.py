"""A process of the worker, whose jobs and upkeep are done on the stage, one job at a time."""

from __future__ import annotations

from collections.abc import Callable

from rq import Queue
from rq.executions import Execution
from rq.job import Job

from contract.outcome import SendClaim
from tests.worker.stage import Actor, actor
from worker.__main__ import make_worker
from worker.ending import Successes
from worker.services import SERVICES, Services


class Claims(SendClaim):
    """The real ones; who has which is noted for the test."""

    def take(self, job_id: str, mark: str) -> bool:
        """Take it."""
        if acting := actor():
            acting.holding = job_id
        return super().take(job_id, mark)


class AtOnce(Successes):
    """Records a success on the thread that had it."""

    def add(self, job: Job, execution: Execution, value: object) -> None:
        """Record it."""
        self._record([(job, execution, value)])


class OneThread:
    """Stands for the worker's threads: does the work where it is given out."""

    def start(self, _execution: Execution, work: Callable[[], None]) -> None:
        """Do it now."""
        work()

    def free(self, _execution: Execution) -> None:
        """Do nothing."""

    def age(self, _execution: Execution) -> float:
        """Return that it is young."""
        return 0.0

    def running(self) -> bool:
        """Return that nothing runs beside."""
        return False


class Process:
    """One of the worker's processes, which does one job at a time and its upkeep beside."""

    def __init__(self, queue: Queue, services: Services, name: str) -> None:
        self._services = services
        self.name = name
        self.silent = False  # its heartbeats do not come
        self.worker = make_worker(queue, services, name)
        self.worker._successes = AtOnce(self.worker, self.worker._forget)
        self.worker._at_work = OneThread()  # type: ignore[assignment]
        self.actors = dict[str, Actor]()

    def begin(self, kind: str) -> Actor:
        """Return who does a job or the upkeep, somebody new where the last one has finished."""
        acting = self.actors.get(kind)
        if acting is None or acting.done:
            work = self._work if kind == "job" else self.worker._maintain
            acting = self.actors[kind] = Actor(work)
        return acting

    def _work(self) -> None:
        SERVICES.set(self._services)
        while taken := self.worker.dequeue_job_and_maintain_ttl(None):
            self.worker.execute_job(*taken)

    def live(self) -> list[Actor]:
        """Return who is in the middle of something."""
        return [each for each in self.actors.values() if not each.done]
