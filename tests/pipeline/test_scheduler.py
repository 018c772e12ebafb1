"""The same tasks in the same order as Luigi's own scheduler, in a time that grows with them, not with their square."""

import random
import time

import luigi
import pytest

from pipeline.scheduler import Factory

LUIGIS = Factory.__base__
EVENTS: list[str] = []
DONE: set[str] = set()
GRAPH: dict[int, dict] = {}


class Node(luigi.Task):
    """A task of a graph that a test describes: what it requires, how urgent it is, how often it fails at first."""

    number = luigi.IntParameter()
    retry_count = 5

    @property
    def priority(self):
        return GRAPH[self.number].get("priority", 0)

    @property
    def resources(self):
        return GRAPH[self.number].get("resources", {})

    def requires(self):
        return [Node(number=number) for number in GRAPH[self.number].get("requires", ())]

    def complete(self):
        return self.task_id in DONE

    def run(self):
        for number in GRAPH[self.number].get("asks_for", ()):
            yield Node(number=number)
        EVENTS.append(f"run {self.number}")
        if EVENTS.count(f"run {self.number}") <= GRAPH[self.number].get("fails", 0):
            raise RuntimeError("not yet")
        DONE.add(self.task_id)


def order(graph, factory, **settings):
    """Run the graph from its last node on; what ran, in order, and whether all went well."""
    luigi.task.Register.clear_instance_cache()
    EVENTS.clear()
    DONE.clear()
    GRAPH.clear()
    GRAPH.update(graph)
    outcome = luigi.build(
        [Node(number=max(graph))], factory(), detailed_summary=True, local_scheduler=True, log_level="ERROR", **settings
    )
    return list(EVENTS), outcome.status


def tangle(seed, nodes=40):
    """A graph at random, with a last node that requires whatever nobody else does."""
    chance = random.Random(seed)  # noqa: S311 - for a test
    graph = {
        number: {
            "requires": sorted(chance.sample(range(number), min(number, chance.randrange(4)))),
            "priority": chance.choice([0, 0, 0, 5, 10]),
        }
        for number in range(nodes)
    }
    needed = {one for node in graph.values() for one in node["requires"]}
    return graph | {nodes: {"requires": [number for number in range(nodes) if number not in needed]}}


@pytest.mark.parametrize("seed", range(10))
def test_the_order_is_luigis(seed):
    assert order(tangle(seed), Factory) == order(tangle(seed), LUIGIS)


def test_a_dynamic_dependency_is_run_when_it_is_asked_for():
    graph = {0: {}, 1: {}, 2: {"requires": [0], "asks_for": [1]}, 3: {"requires": [2]}}
    events, status = order(graph, Factory)
    assert (events, status) == order(graph, LUIGIS)
    assert events == ["run 0", "run 1", "run 2", "run 3"]


def test_what_a_failed_task_leads_to_is_not_run():
    graph = {0: {"fails": 9}, 1: {}, 2: {"requires": [0]}, 3: {"requires": [1, 2]}}
    events, status = order(graph, Factory)
    assert (sorted(events), status) == (["run 0", "run 1"], luigi.LuigiStatusCode.FAILED)
    assert order(graph, LUIGIS)[1] == status


@pytest.fixture
def trying_again():
    """What a user writes into luigi.cfg so that failed tasks are tried again, soon."""
    config = luigi.configuration.get_config()
    told = {("scheduler", "retry_delay"): "0.2", ("worker", "keep_alive"): "true", ("worker", "wait_interval"): "0.3"}
    for (section, name), value in told.items():
        config.set(section, name, value)
    yield
    for section, name in told:
        config.remove_option(section, name)


@pytest.mark.usefixtures("trying_again")
@pytest.mark.parametrize("factory", [Factory, LUIGIS])
def test_a_failed_task_is_tried_again(factory):
    events, status = order({0: {"fails": 2}, 1: {"requires": [0]}}, factory)
    assert events == ["run 0"] * 3 + ["run 1"]
    assert status == luigi.LuigiStatusCode.SUCCESS_WITH_RETRY


def test_a_resource_is_waited_for():
    graph = {number: {"resources": {"one": 1}} for number in range(4)} | {4: {"requires": range(4)}}
    assert order(graph, Factory) == order(graph, LUIGIS)


class Wide(luigi.Task):
    """What requires many leaves."""

    number = luigi.IntParameter()

    def requires(self):
        return [Leaf(number=number) for number in range(self.number)]

    def complete(self):
        return False

    def run(self):
        """Nothing."""


class Leaf(luigi.Task):
    """Done as soon as it ran."""

    number = luigi.IntParameter()

    def complete(self):
        return self.task_id in DONE

    def run(self):
        DONE.add(self.task_id)


def test_many_tasks_take_a_time_that_grows_with_them():
    costs = []
    for number in (400, 2000):
        DONE.clear()
        started = time.process_time()
        luigi.build([Wide(number=number)], Factory(), local_scheduler=True, log_level="ERROR")
        costs.append((time.process_time() - started) / number)
    assert costs[1] < 2 * costs[0]  # five times as many; Luigi's own costs nearly five times as much for each
