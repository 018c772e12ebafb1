"""A row sees the days before its own, and never itself or the future."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import civil, past, problem, tables, values
from pipeline.errors import DataError
from tests.pipeline.written import write_part

SPEC = {
    "name": "trips",
    "title": "How late is the trip?",
    "task": "regression",
    "table": "trips",
    "target": "delay",
    "features": {
        "columns": ["line"],
        "past": {
            "mean_delay": {"statistic": "mean", "of": "delay", "by": ["line"], "window": "2 days"},
            "late": {"statistic": "sum", "of": "delay > 3", "by": ["line", "rain"], "window": "7 days"},
            "trips_before": {"statistic": "count", "window": "3 days"},
            "trips_of_line": {"statistic": "count", "by": ["line"]},
        },
    },
    "split": {"time": "at", "validation": "2013-02-01", "test": "2013-03-01"},
    "sources": {
        "trips": {
            "path": "",
            "time": "at",
            "columns": {
                "at": {"type": "time"},
                "line": {"type": "category"},
                "rain": {"type": "boolean"},
                "delay": {"known": "after"},
            },
        }
    },
}


def trips(count=400, days=20, seed=0):
    random = np.random.default_rng(seed)
    at = pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(random.integers(0, days * 86_400, count), "s")
    frame = pd.DataFrame(
        {
            "at": at,
            "line": random.choice(["A", "B", "C", None], count, p=[0.4, 0.3, 0.2, 0.1]),
            "rain": random.choice(["true", "false"], count),
            "delay": random.integers(-5, 10, count).astype("float64"),
        }
    )
    return frame.sort_values("at", ignore_index=True)


def seen(tmp_path, frame, parts=1, **source):
    """What each row sees of the past, by feature, through files as Features does it."""
    spec = {**SPEC, "sources": {"trips": {**SPEC["sources"]["trips"], **source}}}
    described = problem.parse(spec)
    folder = tmp_path / f"parts{parts}-{len(list(tmp_path.iterdir()))}"
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), parts)):
        write_part(frame.iloc[rows], folder, number, tables.schema(described.columns))
    windows = past.learn(described, folder)
    past.write(windows, folder)
    days = civil.Moment(values.of_array(pa.array(frame["at"])), civil.UTC_CLOCK, np).days
    found = {}
    for name, one in described.features.past.items():
        window = past.read(folder, name)
        found[name] = window.of([values.of_array(pa.array(frame[column], "string")) for column in one.by], days)
    return pd.DataFrame(found)


def by_hand(frame, known_after=0):
    """The same, row by row."""
    day = frame["at"].dt.floor("D")
    told = []
    for row in range(len(frame)):
        age = (day[row] - day).dt.days - known_after
        line, rain = (frame[name] == frame[name][row] for name in ("line", "rain"))
        delays = frame["delay"][line & age.between(1, 2)]
        told.append(
            {
                "mean_delay": delays.mean(),
                "late": (frame["delay"][line & rain & age.between(1, 7)] > 3).sum(),
                "trips_before": age.between(1, 3).sum(),
                "trips_of_line": (line & (age >= 1)).sum(),
            }
        )
    return pd.DataFrame(told).astype("float32")


def of_known_lines(frame, found):
    return found[frame["line"].notna()]


@pytest.mark.parametrize("known_after", [0, 2])
def test_it_works(tmp_path, known_after):
    frame = trips()
    found = seen(tmp_path, frame, known_after=f"{known_after} days")
    pd.testing.assert_frame_equal(
        of_known_lines(frame, found), of_known_lines(frame, by_hand(frame, known_after)), rtol=1e-6
    )


def test_it_does_not_depend_on_the_parts(tmp_path):
    frame = trips()
    pd.testing.assert_frame_equal(seen(tmp_path, frame, 1), seen(tmp_path, frame, 7), check_exact=True)


def test_what_comes_later_changes_nothing(tmp_path):
    frame, random = trips(), np.random.default_rng(1)
    before = seen(tmp_path, frame)
    for day in (3, 9, 15):
        now = pd.Timestamp("2013-01-01", tz="UTC") + pd.Timedelta(days=day)
        future = frame["at"] >= now
        rows = np.flatnonzero(future)
        shuffled = frame.copy()
        for name in ("line", "rain", "delay"):
            shuffled.loc[future, name] = frame[name].to_numpy()[random.permutation(rows)]
        shuffled.loc[future, "delay"] += 1000
        shuffled.loc[future, "at"] += pd.Timedelta(days=30)
        after = seen(tmp_path, shuffled)
        upto = frame["at"] < now
        pd.testing.assert_frame_equal(after[upto], before[upto], check_exact=True)
        todays = frame["at"].dt.floor("D") == now
        same_day = frame.assign(delay=frame["delay"].where(~todays, 1000))
        pd.testing.assert_frame_equal(seen(tmp_path, same_day)[todays], before[todays], check_exact=True)


def test_a_group_never_seen_has_no_rows_and_no_mean(tmp_path):
    described = problem.parse(SPEC)
    write_part(trips(), tmp_path, 0, tables.schema(described.columns))
    windows = past.learn(described, tmp_path)
    line, day = [values.of_array(pa.array(["Z"]))], np.array([15_710], "float32")
    assert np.isnan(windows["mean_delay"].of(line, day))
    assert windows["late"].of([*line, values.of_array(pa.array(["true"]))], day) == 0


def test_more_than_a_model_may_hold_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(past, "MOST", 50)
    with pytest.raises(
        DataError, match=r"features.past.mean_delay may hold at most 50 values, and 3 groups on 20 days"
    ):
        seen(tmp_path, trips())
