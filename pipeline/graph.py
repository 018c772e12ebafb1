"""One walk over the tasks: what each of them made, or what has to be made first.

A stage's inputs are what its ``requires()`` names: stages, raw files, and ordinary Luigi tasks whose targets are files
or folders. Luigi asks a task whether it is complete again and again; here it is looked at once in a run.

A task of ours has ``look(run, made_from)``: what it made from these inputs, or else a question: is it there by now?
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import luigi

from bundle import digest
from pipeline import receipts
from pipeline.receipts import Made, Receipt
from pipeline.run import Run


def look(task: Any, run: Run) -> Made | None:
    """What the task made from what there is now; None while it is not complete."""
    waiting = [task]
    with run.current():
        while waiting:
            top = waiting[-1]
            settled = _settled(top, run)
            below = [] if settled else [one for one in inputs(top, run).values() if not _settled(one, run)]
            waiting += below
            if not below:
                waiting.pop()
                if not settled:
                    _settle(top, run)
    return run.made.get(task.task_id)


def made_from(task: Any, run: Run) -> dict[str, Made] | None:
    """What the inputs of the task made, by name; None while one of them is not complete."""
    made = {name: look(one, run) for name, one in inputs(task, run).items()}
    whole = {name: one for name, one in made.items() if one is not None}
    return whole if len(whole) == len(made) else None


def inputs(task: Any, run: Run) -> dict[str, Any]:
    """What the task requires, by name: a dictionary's keys, a list's places, or ``input`` for a single one."""
    if task.task_id not in run.inputs:
        run.inputs[task.task_id] = _named(task.requires()) if hasattr(task, "look") else {}
    return run.inputs[task.task_id]


def output_path(task: Any) -> Path:
    """Where a stage that requires the task reads what it made.

    Raises:
        TypeError: the task's output is no single file or folder.
    """
    if hasattr(task, "output_path"):
        path: Path = task.output_path()
        return path
    target = task.output()
    if not hasattr(target, "path"):
        raise TypeError(f"{task} must have one file or folder as its output to be the input of a stage, got {target!r}")
    return Path(target.path)


def chain(task: Any, run: Run) -> list[Receipt]:
    """The receipts of every complete stage behind the task, and its own, each after those that it was made from."""
    made = [look(one, run) for one in walk(task, run)]
    found = [receipts.read(run.data / one.path) for one in made if one and one.key]
    return [receipt for receipt in found if receipt is not None]


def walk(task: Any, run: Run) -> list[Any]:
    """Every task behind the task, and the task itself, each after those that it requires."""
    found: dict[str, Any] = {}
    waiting = [task]
    while waiting:
        top = waiting[-1]
        below = [one for one in inputs(top, run).values() if one.task_id not in found]
        waiting += [] if top.task_id in found else reversed(below)
        if waiting[-1] is top:
            waiting.pop()
            found.setdefault(top.task_id, top)
    return list(found.values())


def _named(required: Any) -> dict[str, Any]:
    if isinstance(required, dict):
        return dict(sorted(required.items()))
    if isinstance(required, luigi.Task):
        return {"input": required}
    return {str(place): one for place, one in enumerate(required or ())}


def _settled(task: Any, run: Run) -> bool:
    if task.task_id in run.made:
        return True
    there = run.missing.get(task.task_id)
    if there is None or there():
        run.missing.pop(task.task_id, None)
        return False
    return True


def _settle(task: Any, run: Run) -> None:
    """Take up what a task made whose inputs are settled, or what it waits for."""
    needed = inputs(task, run)
    waits = next((run.missing[one.task_id] for one in needed.values() if one.task_id not in run.made), None)
    found = waits or _found(task, run, {name: run.made[one.task_id] for name, one in needed.items() if not waits})
    if isinstance(found, Made):
        run.made[task.task_id] = found
    else:
        run.missing[task.task_id] = found


def _found(task: Any, run: Run, made: dict[str, Made]) -> Made | Callable[[], bool]:
    if hasattr(task, "look"):
        found: Made | Callable[[], bool] = task.look(run, made)
        return found
    return plain(task, run) if task.complete() else task.complete


def plain(task: luigi.Task, run: Run) -> Made:
    """What an ordinary Luigi task made: the bytes of its file, or of every file of its folder."""
    path = output_path(task)
    return Made(path=str(path), key=None, content=digest.of_path(path, run.index.sha256))
