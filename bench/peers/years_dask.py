"""The job of ``bench.data`` in Dask as it is taught: ``python -m bench.peers.years_dask FOLDER YEARS OUT``.

``dask.dataframe`` throughout: ``read_parquet``, text methods, ``drop_duplicates``, merges with small pandas tables,
``groupby``, ``to_parquet``. What was joined is kept (``persist``), for it is used twice. Dask has no exact quantiles,
so those columns of training go to pandas; ``median_approximate`` would be quicker, and another answer.
"""

import sys
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd

from bench import years
from bench.peers import years_job as job


def main(folder: Path, count: int, out: Path) -> None:
    """Write ``train``, ``validation`` and ``test`` as folders of Parquet."""
    dask.config.set(scheduler="threads", num_workers=2)
    files = {name: [str(years.path(folder, name, year)) for year in range(count)] for name in ("flights", "weather")}
    wanted = [*job.PLAIN, "year", "month", "day", "hour", "sched_dep_time", "distance", "arr_delay", "air_time"]
    rows = dd.read_parquet(files["flights"], columns=wanted)
    rows = rows[(rows.distance > 0) & (rows.air_time.isna() | (rows.air_time > 0)) & rows.arr_delay.notnull()]
    rows = rows.assign(**{name: rows[name].str.strip().str.upper() for name in job.CATEGORIES})
    rows = rows.drop_duplicates(subset=list(job.KEY)).drop(columns="air_time").astype({"distance": "float64"})
    rows = rows.assign(
        epoch_day=(rows.time_hour - pd.Timestamp(0, tz="UTC")).dt.days,
        weekday=dd.to_datetime(rows[["year", "month", "day"]]).dt.dayofweek,
    )
    weather = pd.read_parquet(files["weather"], columns=["origin", "time_hour", *job.WEATHER])
    planes = pd.read_parquet(folder / "planes.parquet", columns=["tailnum", *job.PLANES]).rename(columns=job.PLANES)
    rows = rows.merge(weather, on=["origin", "time_hour"], how="left").merge(planes, on="tailnum", how="left").persist()
    first, second = (years.day(count, share) for share in job.SHARES)
    train = rows[rows.time_hour < first]
    seen, *sums, routes = dask.compute(
        train[list(dict.fromkeys([*job.IMPUTED, *job.WINSORISED]))],
        *(rows.groupby([name, "epoch_day"]).arr_delay.agg(["sum", "count"]) for name in ("carrier", "origin")),
        train.groupby(["origin", "dest"]).size(),
    )
    medians = seen[list(job.IMPUTED)].median().to_dict()
    limits = seen[list(job.WINSORISED)].quantile(list(job.QUANTILES))
    del seen
    for name, added in zip(("carrier", "origin"), sums, strict=True):
        rows = rows.merge(past(added, name), on=[name, "epoch_day"], how="left")
    routes = (routes / routes.sum()).rename("route_share").reset_index()
    rows = rows.merge(routes, on=["origin", "dest"], how="left").fillna({"route_share": 0.0, **medians})
    rows = rows.assign(**{name: rows[name].clip(*limits[name]) for name in job.WINSORISED})
    cycles = {"month": (rows.month, 12), "weekday": (rows.weekday, 7), "hour": (rows.hour, 24)}
    for name, (value, period) in cycles.items():
        angle = value.astype("float64") * (2 * np.pi / period)
        rows = rows.assign(**{f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)})
    rows = rows.assign(
        departure=rows.sched_dep_time // 100 * 60 + rows.sched_dep_time % 100,
        late=(rows.arr_delay > 15).astype("float32"),
    ).drop(columns=["arr_delay", "epoch_day", "weekday", "year", "month", "day", "hour", "sched_dep_time"])
    parts = {
        "train": rows[rows.time_hour < first],
        "validation": rows[(rows.time_hour >= first) & (rows.time_hour < second)],
        "test": rows[rows.time_hour >= second],
    }
    dask.compute(*(part.to_parquet(out / name, compute=False, write_index=False) for name, part in parts.items()))


def past(sums: pd.DataFrame, name: str) -> pd.DataFrame:
    """The mean over the seven days before each day."""
    by_day = sums.unstack(level=0, fill_value=0).reindex(range(sums.index.levels[1].max() + 1), fill_value=0)
    before = by_day.rolling(7, min_periods=1).sum().shift(1)
    mean = (before["sum"] / before["count"]).stack().rename(f"{name}_delay").reset_index()
    return mean[mean.epoch_day >= sums.index.levels[1].min()]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
