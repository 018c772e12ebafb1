"""A run as of a day knows nothing of that day or later: no row, no answer, no aggregate."""

import subprocess

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.conftest import RUNNING, Place
from tests.sample import write

pytestmark = pytest.mark.slow

DAY = "2013-07-01"
KEY = 'key = ["time_hour", "carrier", "flight", "origin"]'
PAST = """
[features.past.carrier_delay]
statistic = "mean"
of = "arr_delay"
by = ["carrier"]
window = "14 days"

[split]"""


def place(folder):
    """The sample with splits that are counted back, an aggregate, and answers that are known two days later."""
    folder.mkdir()
    problem = write(folder)
    text = problem.read_text().replace(KEY, f'{KEY}\nknown_after = "2 days"').replace("\n[split]", PAST)
    text = text.replace("validation = 2013-10-01\ntest = 2013-11-01", 'validation = "30 days"\ntest = "30 days"')
    problem.write_text(text)
    return Place(folder)


def splits(where):
    """The rows of every split as of the day."""
    command = where.command("--as-of", DAY, task="Split")
    done = subprocess.run(command, **RUNNING, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    [folder] = (where.folder / "data" / "sample" / "split").glob("[!.]*")
    return {name: pq.read_table(folder / name).to_pandas() for name in ("train", "validation", "test")}


def test_nothing_of_the_day_or_later_is_known(tmp_path):
    told = place(tmp_path / "told")
    rows = splits(told)
    newest = max(one["time_hour"].max() for one in rows.values())
    assert newest.date().isoformat() == "2013-06-28"  # the answers of later days came after the day
    assert rows["test"]["time_hour"].min() >= pd.Timestamp("2013-05-30", tz="UTC")
    assert rows["train"]["carrier_delay"].notna().mean() > 0.9

    other = place(tmp_path / "other")
    table = pd.read_csv(other.folder / "flights.csv", dtype=str, keep_default_na=False)
    later = pd.to_datetime(table["time_hour"], utc=True) >= pd.Timestamp("2013-06-29", tz="UTC")
    table.loc[later, "arr_delay"] = "1000"
    table.to_csv(other.folder / "flights.csv", index=False)
    for name, same in splits(other).items():
        pd.testing.assert_frame_equal(same, rows[name])
