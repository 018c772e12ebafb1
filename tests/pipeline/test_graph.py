"""One walk over the tasks: each is looked at once in a run, and what waits knows what has to be made first."""

import luigi
import pytest

from pipeline import config, graph, run
from pipeline.job import Job, Outcome
from pipeline.targets import Stage

LOOKED: list[str] = []


def note(job: Job) -> Outcome:
    """Write down what there was."""
    found = {name: path.is_dir() or path.read_text() for name, path in job.inputs.items()}
    (job.output / "found").write_text(str(found))
    return Outcome()


class Link(Stage):
    """One of a chain."""

    number = luigi.IntParameter()
    function = "tests.pipeline.test_graph:note"
    in_process = True

    def requires(self):
        return {"before": self.clone(Link, number=self.number - 1)} if self.number else {}

    def found(self, key, run):
        LOOKED.append(self.task_id)
        return super().found(key, run)


class Given(luigi.ExternalTask):
    """An ordinary task of others, with a file or a folder."""

    path = luigi.Parameter()

    def output(self):
        return luigi.LocalTarget(self.path)


class Reader(Stage):
    """A stage that reads what an ordinary task made."""

    path = luigi.Parameter(significant=False)
    form = luigi.Parameter()
    function = "tests.pipeline.test_graph:note"
    in_process = True

    def requires(self):
        given = Given(path=self.path)
        return {"one": given, "list": [given], "dict": {"given": given}}[self.form]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "data_folder", lambda: tmp_path / "data")
    LOOKED.clear()
    yield tmp_path / "data"
    run.end()


def test_it_works(data):
    for number in range(3):
        assert graph.look(Link(number=number), run.begin(data)) is None
        Link(number=number).run()
        assert graph.look(Link(number=number), run.begin(data)).path.startswith(f"flights/link/{number}/")
    assert [receipt.source for receipt in graph.chain(Link(number=2), run.begin(data))] == ["0", "1", "2"]


def test_a_chain_of_thousands_is_no_deep_recursion(data):
    now = run.begin(data)
    assert graph.look(Link(number=5000), now) is None
    assert set(LOOKED) == {Link(number=0).task_id}


def test_what_waits_is_not_looked_at_again_and_what_is_made_is_seen(data):
    now = run.begin(data)
    graph.look(Link(number=3), now)
    before = len(LOOKED)
    for number in range(1, 4):
        graph.look(Link(number=number), now)
    assert set(LOOKED[before:]) == {Link(number=0).task_id}
    Link(number=0).run()
    assert graph.look(Link(number=1), now) is None
    Link(number=1).run()
    LOOKED.clear()
    assert graph.look(Link(number=1), now)
    assert LOOKED == []


def test_the_next_run_looks_anew(data):
    Link(number=0).run()
    run.end()
    (made,) = data.glob("flights/link/0/*/found")
    made.write_text("something else")
    assert not Link(number=0).complete()


@pytest.mark.parametrize("form", ["one", "list", "dict"])
def test_the_bytes_of_an_ordinary_tasks_output_count(data, tmp_path, form):
    path = tmp_path / "given"
    path.write_text("first")
    task = Reader(path=str(path), form=form)
    task.run()
    name = {"one": "input", "list": "0", "dict": "given"}[form]
    assert (task.output().folder / "found").read_text() == str({name: "first"})
    run.end()
    path.write_text("other")
    assert not task.complete()
    path.write_text("first")
    assert task.complete()


def test_a_folder_of_an_ordinary_task_counts_with_every_file(data, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "part").write_text("1")
    task = Reader(path=str(folder), form="one")
    task.run()
    run.end()
    assert task.complete()
    (folder / "another").write_text("2")
    assert not task.complete()


def test_an_input_without_a_file_is_refused(data):
    class Odd(luigi.Task):
        def output(self):
            return []

        def complete(self):
            return True

    class Bad(Reader):
        def requires(self):
            return Odd()

    with pytest.raises(TypeError, match="one file or folder"):
        Bad(path="", form="one").run()
