"""How a number is scaled and cut into pieces, whatever its values are."""

import numpy as np
import pytest

from pipeline import scaling, seen


@pytest.mark.parametrize(
    "values",
    [
        np.geomspace(1e-300, 1, 3000),
        np.geomspace(1e-44, 1e-38, 3000),
        np.append(np.geomspace(1e-40, 1e-38, 2999), 1.0),
        1e9 + np.arange(3000) % 70,
        1e9 + 64.0 * (np.arange(3000) % 2),
    ],
    ids=["p-values", "all tiny", "tiny but one", "float32 neighbours", "two float32 neighbours"],
)
@pytest.mark.filterwarnings("error")
def test_numbers_that_are_tiny_or_next_to_each_other_have_a_finite_scale_and_finite_slopes(values):
    column = values.astype("float32")
    number = scaling.number("x", seen.of_numbers(column).counts)
    edges, scale = np.array(number.edges, "float32"), np.float32(number.scale)
    assert len(edges) > 1
    assert np.isfinite(1 / np.diff(edges)).all()
    assert np.isfinite(np.square((column - np.float32(number.median)) / scale)).all()


def test_a_number_that_is_clipped_to_one_value_has_two_edges():
    assert scaling.edges(np.array([1e9]), np.array([5])) == (1e9, 1.001e9)


def test_a_number_has_bins_where_its_values_are_and_some_where_they_are_few():
    few = scaling.edges(np.array([0.0, 1.0, 7.0]), np.array([5, 5, 1]))
    assert few == (0.0, 1.0, 7.0)
    assert scaling.edges(np.array([3.0]), np.array([9])) == (3.0, 4.0)
    amounts = np.arange(200.0)
    edges = scaling.edges(amounts, np.where(amounts == 0, 1_000_000, 4))
    assert (edges[0], edges[-1]) == (0.0, 199.0)
    assert 15 < len(edges) <= scaling.MAX_BINS + 1
    even = scaling.edges(amounts, np.ones(200))
    assert len(even) == scaling.MAX_BINS + 1
    assert max(np.diff(even)) <= 4
