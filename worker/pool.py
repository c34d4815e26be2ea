"""RQ's SimpleWorker, with our own maintenance between its jobs."""

from __future__ import annotations

import logging
from typing import Any

from rq import Queue, SimpleWorker
from rq.job import Job

from worker.errors import AnswerError
from worker.job import Services
from worker.reconcile import Reconciler

logger = logging.getLogger(__name__)
_IDLE = 2  # seconds in the queue before a look around
_RQ_MARGIN = 15  # seconds that RQ takes off worker_ttl for its wait


class PictureWorker(SimpleWorker):
    """Works off one queue, a job at a time, and settles failed jobs within seconds."""

    def __init__(self, queue: Queue, services: Services) -> None:
        super().__init__(
            [queue],
            connection=queue.connection,
            serializer=queue.serializer,
            worker_ttl=_IDLE + _RQ_MARGIN,
            maintenance_interval=_IDLE,
        )
        self._reconciler = Reconciler(queue, services)
        self.told_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        """Remember that the end was asked for; otherwise RQ stops when it loses Redis in a job."""
        self.told_to_stop = True
        super().handle_warm_shutdown_request()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what we expect in a line; RQ's own traceback is for what we do not."""
        error = exc_info[1]
        if isinstance(error, AnswerError):
            left = job.retries_left or 0
            logger.warning("job=%s failed, attempts left=%d: %s", job.id, left, error)
        else:
            super().handle_exception(job, *exc_info)

    def run_maintenance_tasks(self) -> None:
        """Do RQ's own, which finds abandoned jobs, then ours."""
        super().run_maintenance_tasks()
        self._reconciler.run()
