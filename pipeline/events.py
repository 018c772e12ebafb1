"""What Luigi tells of a stage goes on to who follows the lineage; nothing of that is imported before a stage runs."""

import os

import luigi

from pipeline.targets import Stage, hold


@Stage.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)  # type: ignore[untyped-decorator]
def follow(*_: luigi.Task) -> None:
    """Something has to be made: send what will be told to the collector, where one is named."""
    url = os.environ.get("OPENLINEAGE_URL")
    if url:
        from pipeline import collector, openlineage

        run = hold()
        collector.follow(openlineage.file_of(run), url, run)


@Stage.event_handler(luigi.Event.START)  # type: ignore[untyped-decorator]
def tell_start(stage: Stage) -> None:
    """A stage begins."""
    from pipeline import openlineage

    openlineage.tell("START", stage, hold())


@Stage.event_handler(luigi.Event.SUCCESS)  # type: ignore[untyped-decorator]
def tell_success(stage: Stage) -> None:
    """A stage made its result."""
    from pipeline import openlineage

    openlineage.tell("COMPLETE", stage, hold())


@Stage.event_handler(luigi.Event.FAILURE)  # type: ignore[untyped-decorator]
@Stage.event_handler(luigi.Event.PROCESS_FAILURE)  # type: ignore[untyped-decorator]
@Stage.event_handler(luigi.Event.TIMEOUT)  # type: ignore[untyped-decorator]
def tell_failure(stage: Stage, error: object) -> None:
    """A stage made nothing, and why."""
    from pipeline import openlineage

    openlineage.tell("FAIL", stage, hold(), error)
