"""Luigi's own scheduler and worker, for many tasks and for one run after another in the same process.

Luigi's scheduler looks at every task each time it is asked for one, so that a run of n tasks takes n x n looks. Here
the tasks that can run wait in a queue, in Luigi's own order. Whatever is not that simple (resources, batches,
assistants, several workers, a scheduler that is paused) goes Luigi's way.
"""

import heapq
import logging
import socket
import time
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

from luigi import interface, retcodes, scheduler, worker

from pipeline import run

log = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 10.0
"""That a scheduler elsewhere may take to accept a connection."""
SECONDS_BETWEEN_LOOKS = 1.0
"""Until every task is looked at again: those that failed become ready to be tried again, and the like."""


class Scheduler(scheduler.Scheduler):  # type: ignore[misc]
    """Gives out a task in a time that does not grow with how many there are."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._ready: list[tuple[float, float, str]] = []
        self._needed_by: dict[str, set[str]] = defaultdict(set)
        self._looked = 0.0
        self._simple = True

    def add_task(self, **told: Any) -> None:
        """Take a task up, or what became of it."""
        super().add_task(**told)
        task = self._state.get_task(told["task_id"])
        for needed in (*(told.get("deps") or ()), *(told.get("new_deps") or ())):
            self._needed_by[needed].add(told["task_id"])
        if told.get("resources") or told.get("batchable") or told.get("batch_id"):
            self._simple = False
        if task is not None and task.status == scheduler.DONE:
            for waiting in self._needed_by[task.id]:
                self._offer(self._state.get_task(waiting))
        else:
            self._offer(task)

    def get_work(self, worker: str, assistant: bool = False, **told: Any) -> dict[str, Any]:
        """The task to run next, the most urgent first and then the earliest; and how many there are."""
        asking = self._update_worker(worker, worker_reference={"host": told.get("host")}, get_work=True)
        alone = len(self._state.get_worker_ids()) == 1 and asking.enabled and not assistant
        if not (self._simple and alone) or self._paused:
            return self._luigis(worker, assistant, told)
        self._look_again()
        task = self._unclaimed(worker, told.get("current_tasks")) or self._next(worker)
        running = list(self._state.get_active_tasks_by_status(scheduler.RUNNING))
        if task is None and not running:
            return self._luigis(worker, assistant, told)
        if task is not None and task not in running:
            self._start(task, worker, told.get("host"))
            running.append(task)
        pending = sum(map(self._state.get_active_task_count_for_status, (scheduler.PENDING, scheduler.FAILED)))
        return {
            "n_pending_tasks": pending,
            "n_unique_pending": pending,
            "n_pending_last_scheduled": pending,
            "worker_state": asking.state,
            "running_tasks": [{"task_id": one.id, "worker": worker, **asking.info} for one in running],
            "task_id": task and task.id,
            "task_family": task and task.family,
            "task_module": task and task.module,
            "task_params": task and task.params,
        }

    def _luigis(self, worker: str, assistant: bool, told: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = super().get_work(worker=worker, assistant=assistant, **told)
        return reply

    def _update_priority(self, task: Any, prio: float, worker: str) -> None:
        super()._update_priority(task, prio, worker)
        self._offer(task)

    def _look_again(self) -> None:
        now = time.monotonic()
        if now - self._looked > SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self.prune()
            self._ready.clear()
            for task in self._state.get_active_tasks_by_status(scheduler.PENDING):
                self._offer(task)

    def _offer(self, task: Any) -> None:
        """Let the task wait in the queue; whether it can run is seen when its turn comes."""
        if task is not None and task.status == scheduler.PENDING:
            heapq.heappush(self._ready, (-task.priority, task.time, task.id))

    def _next(self, worker: str) -> Any:
        while self._ready:
            task = self._state.get_task(heapq.heappop(self._ready)[2])
            if task is not None and worker in task.workers and self._schedulable(task):
                return task
        return None

    def _unclaimed(self, worker: str, claimed: list[str] | None) -> Any:
        """A task that runs as far as we know, and that its worker knows nothing of: it is to be started again."""
        running = self._state.get_active_tasks_by_status(scheduler.RUNNING)
        lost = [task for task in running if claimed is not None and task.worker_running == worker]
        return next((task for task in lost if task.id not in (claimed or ())), None)

    def _start(self, task: Any, worker: str, host: str | None) -> None:
        self.update_metrics_task_started(task)
        self._state.set_status(task, scheduler.RUNNING, self._config)
        task.worker_running = worker
        task.resources_running = task.resources.copy()
        task.time_running = time.time()
        self._update_task_history(task, scheduler.RUNNING, host=host)


class Worker(worker.Worker):  # type: ignore[misc]
    """Lets go of the data folder when its tasks have ended, so that the next run, whoever starts it, can have it."""

    def __exit__(self, *error: Any) -> Any:
        try:
            return super().__exit__(*error)
        finally:
            run.end()


class Factory(interface._WorkerSchedulerFactory):  # type: ignore[misc]
    """What ``luigi`` and ``luigi.build`` run tasks with, where they are not given another."""

    def create_local_scheduler(self) -> Any:
        """Ours, unless ``--scheduler-url`` names another: Luigi itself has no way to take ``local_scheduler`` back."""
        url = interface.core().scheduler_url
        if url:
            return self.create_remote_scheduler(url)
        return Scheduler(prune_on_get_work=True, record_task_history=False)

    def create_remote_scheduler(self, url: str) -> Any:
        """The scheduler at ``url``; where none answers, the run ends with the code for that."""
        where = urlsplit(url)
        try:
            socket.create_connection((where.hostname or "", where.port or 80), SECONDS_TO_ANSWER).close()
        except OSError as error:
            log.error(
                "A scheduler must answer at %s, and none does: %s. Start luigid there, or name no other.", url, error
            )
            raise SystemExit(retcodes.retcode().scheduling_error) from None
        return super().create_remote_scheduler(url)

    def create_worker(self, scheduler: Any, worker_processes: int, assistant: bool = False) -> Worker:
        return Worker(scheduler=scheduler, worker_processes=worker_processes, assistant=assistant)
