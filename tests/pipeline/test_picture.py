"""The picture shows every node once, in layers, and no arrow goes up."""

import matplotlib.image
import pytest

from pipeline import lineage, picture
from pipeline.picture import layers


def names(row):
    return [name for name, _ in row]


def test_it_works(history, tmp_path):
    path = tmp_path / "lineage.svg"
    line = lineage.read(history.folder(3))
    picture.draw(line, "flights 3", path)
    drawn = path.read_text()
    for told in (
        "flights 3",
        "weather.csv",
        "Collect weather",
        "Clean flights",
        "990 → 980 rows",
        "700 rows in",
        "Publish",
    ):
        assert drawn.count(f">{told}<") == 1
    first = path.read_bytes()
    picture.draw(line, "flights 3", path)
    assert path.read_bytes() == first


def test_a_picture_for_a_page(history, tmp_path):
    path = tmp_path / "lineage.png"
    picture.draw(lineage.read(history.folder(3)), "flights 3", path)
    pixels = matplotlib.image.imread(path)
    assert pixels[0, 0, :3].tolist() == [1, 1, 1]
    assert pixels.min() < 0.2


def test_each_node_stands_below_all_that_it_was_made_from(history):
    graph = lineage.read(history.folder(3)).graph
    rows, links = layers(graph)
    depth = {name: number for number, row in enumerate(rows) for name in names(row)}
    assert all(depth[one] < depth[node] for node, inputs in graph.items() for one in inputs)
    assert all(below[1] == above[1] + 1 for above, below in links)


def test_a_long_arrow_has_a_place_in_each_layer_that_it_passes():
    rows, links = layers({"b": frozenset("a"), "c": frozenset("b"), "d": frozenset("ca")})
    assert [sorted(names(row)) for row in rows] == [["a"], ["a → d", "b"], ["a → d", "c"], ["d"]]
    assert (("a → d", 1), ("a → d", 2)) in links


def test_arrows_that_need_not_cross_do_not():
    rows, _ = layers({"x": frozenset("b"), "y": frozenset("a"), "z": frozenset({"x", "y"})})
    assert names(rows[0]).index("a") - names(rows[0]).index("b") == names(rows[1]).index("y") - names(rows[1]).index(
        "x"
    )


@pytest.mark.parametrize("length", [10, 22, 60])
def test_a_name_stays_in_its_box(history, tmp_path, length):
    line = lineage.read(history.folder(3))
    steps = [
        step.model_copy(update={"source": "s" * length}) if step.source == "weather" else step for step in line.steps
    ]
    path = tmp_path / "lineage.svg"
    picture.draw(lineage.Lineage(tuple(steps)), "flights 3", path)
    shown = f"Collect {'s' * length}"
    assert (shown if len(shown) <= picture.LONGEST else shown[: picture.LONGEST - 1] + "…") in path.read_text()
