"""The split is by time, in the problem's own time zone, and refuses what can't be judged."""

import pandas as pd
import pytest

from pipeline import split
from pipeline.errors import DataError
from pipeline.problem import Split
from pipeline.tables import TARGET

RULE = Split(time="t", time_zone="America/New_York", validation="2013-10-01", test="2013-11-01")


def test_it_works():
    times = pd.Series(pd.to_datetime(["2013-01-01T12:00Z", "2013-10-15T12:00Z", "2013-12-31T12:00Z"]))
    assert split.assign(times, RULE).tolist() == ["train", "validation", "test"]


def test_a_day_begins_in_the_time_zone():
    times = pd.Series(
        pd.to_datetime(["2013-10-01T03:59Z", "2013-10-01T04:00Z", "2013-11-01T03:59Z", "2013-11-01T04:00Z"])
    )
    assert split.assign(times, RULE).tolist() == ["train", "validation", "validation", "test"]


def test_the_windows_of_all_parts_are_one():
    """The first and last moment of each split, in the split's time zone, whatever parts the rows come in."""
    parts = []
    for days in (["2013-01-01T04:30Z", "2013-10-15T12:00Z"], ["2013-02-01T12:00Z", "2013-12-31T12:00Z"]):
        part = pd.DataFrame({"t": pd.to_datetime(days), TARGET: [1.0, 0.0]})
        parts.append(split.count(part, split.assign(part["t"], RULE), RULE))
    found = split.together(parts)
    assert found.index.tolist() == ["train", "validation", "test"]
    assert found["size"].tolist() == [2, 1, 1]
    assert found["sum"].tolist() == [2, 0, 0]
    assert found["first"].map(str).tolist()[0] == "2012-12-31 23:30:00-05:00"
    assert found["last"].map(str).tolist() == [
        "2013-02-01 07:00:00-05:00",
        "2013-10-15 08:00:00-04:00",
        "2013-12-31 07:00:00-05:00",
    ]


def test_a_split_without_rows_has_none_and_is_told():
    part = pd.DataFrame({"t": pd.to_datetime(["2013-01-01T12:00Z", "2013-01-02T12:00Z"]), TARGET: [1.0, 0.0]})
    found = split.together([split.count(part, split.assign(part["t"], RULE), RULE)])
    with pytest.raises(DataError, match="validation has 0 rows and test has 0 rows"):
        split.check(found, RULE)


def counts(**rows):
    return pd.DataFrame.from_dict(rows, orient="index", columns=["size", "sum"])


def test_splits_with_both_answers_are_fine():
    split.check(counts(train=(9, 3), validation=(2, 1), test=(2, 1)), RULE)


def test_every_split_that_cannot_be_used_is_told():
    with pytest.raises(DataError, match="validation has 0 rows and all 5 rows of test have the answer no"):
        split.check(counts(train=(9, 3), validation=(0, 0), test=(5, 0)), RULE)
