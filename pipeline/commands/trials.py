"""``trials``: take part in a search whose chief is a run on another machine."""

import os
from pathlib import Path

import click

from pipeline import commands, graph, process, working
from pipeline.errors import StageError
from pipeline.run import Run


@click.command()
@commands.problem
@commands.data
@commands.problems
def trials(problem: str, data: Path, problems: Path) -> None:  # noqa: ARG001 - they are taken for settings
    """Run trials of a search, one at a time, until there are no more.

    The data folder must hold what Encode made, of the same data, settings and code as that of the search. Keras Tuner's
    variables say where its chief is (KERASTUNER_ORACLE_IP, KERASTUNER_ORACLE_PORT), and name this worker
    (KERASTUNER_TUNER_ID). The chief is a run for which KERASTUNER_TUNER_ID is "chief".

    \b
    Example:
      KERASTUNER_TUNER_ID=one KERASTUNER_ORACLE_IP=10.0.0.7 KERASTUNER_ORACLE_PORT=8800 \\
        python -m pipeline trials --problem flights
    """
    from pipeline.tasks import Tune

    now, task = Run(data, ""), Tune(problem=problem)
    made_from, key = graph.made_from(task, now), task.key()
    if made_from is None or key is None:
        raise StageError(f"{data} must hold what Encode made of {problem}: run `luigi --module pipeline Encode` first.")
    for name, value in process.ENVIRONMENT.items():  # TensorFlow's part of it is read when that is imported
        os.environ.setdefault(name, value)
    from pipeline import tune

    spec = now.problem(problem)
    folder = working.folder(data, task.home() / key)
    count = tune.take_part(data / made_from["encoded"].path, spec.search, spec.seed, folder)
    click.echo(f"{count} {'trial' if count == 1 else 'trials'} run.")
