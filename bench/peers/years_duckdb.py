"""The job of ``bench.data`` in DuckDB: ``python -m bench.peers.years_duckdb FOLDER YEARS OUT``.

One plain query a step, in memory, on two threads and in no order, which is quicker: what is cleaned and what is joined
are temporary tables, quantiles are exact, and each split is written by a query of its own.
"""

import sys
from pathlib import Path

import duckdb

from bench import years
from bench.peers import years_job as job


def main(folder: Path, count: int, out: Path) -> None:
    """Write ``train``, ``validation`` and ``test`` as Parquet."""
    db = duckdb.connect()
    db.execute("set threads = 2; set preserve_insertion_order = false; set timezone = 'UTC'")
    files = {name: [str(years.path(folder, name, year)) for year in range(count)] for name in ("flights", "weather")}
    first, second = (f"timestamptz '{years.day(count, share)}'" for share in job.SHARES)
    spelled = ", ".join(f"upper(trim({name})) as {name}" for name in job.CATEGORIES)
    db.execute(f"""
        create temp table cleaned as
        select distinct on ({", ".join(job.KEY)}) *, cast(floor(epoch(time_hour) / 86400) as int) as epoch_day
        from (select time_hour, {spelled}, flight, year, month, day, hour, sched_dep_time, distance, arr_delay
              from read_parquet({files["flights"]})
              where distance > 0 and (air_time is null or air_time > 0) and arr_delay is not null)""")
    weather = ", ".join(f"weather.{name}" for name in job.WEATHER)
    planes = ", ".join(f"planes.{name}::double as {new}" for name, new in job.PLANES.items())
    db.execute(f"""
        create temp table joined as
        select cleaned.*, {weather}, {planes} from cleaned
        left join read_parquet({files["weather"]}) weather using (origin, time_hour)
        left join read_parquet('{folder / "planes.parquet"}') planes using (tailnum)""")
    medians = ", ".join(f"median({name})" for name in job.IMPUTED)
    limits = ", ".join(f"quantile_cont({name}, {share})" for name in job.WINSORISED for share in job.QUANTILES)
    [told] = db.sql(f"select {medians}, {limits} from joined where time_hour < {first}").fetchall()
    median = dict(zip(job.IMPUTED, told, strict=False))
    bounds = told[len(job.IMPUTED) :]
    for name in ("carrier", "origin"):
        db.execute(f"""
            create temp table past_{name} as
            select {name}, epoch_day, (sum(total) over past / sum(rows) over past)::float as {name}_delay
            from (select {name}, epoch_day, sum(arr_delay) as total, count(*) as rows from cleaned group by all)
            window past as (partition by {name} order by epoch_day range between 7 preceding and 1 preceding)""")
    db.execute(f"""
        create temp table routes as
        select origin, dest, (count(*) / sum(count(*)) over ())::float as route_share
        from cleaned where time_hour < {first} group by all""")
    values = {name: f"coalesce({name}, {median[name]})" for name in job.IMPUTED}
    for place, name in enumerate(job.WINSORISED):
        low, high = bounds[2 * place], bounds[2 * place + 1]
        values[name] = f"least(greatest({values.get(name, name)}, {low}), {high})"
    cycles = [
        f"{wave}({value} * 2 * pi() / {period})::float as {name}_{wave}"
        for name, (value, period) in job.CYCLES.items()
        for wave in ("sin", "cos")
    ]
    columns = ", ".join(
        [
            *job.PLAIN,
            *(f"{value}::float as {name}" for name, value in values.items()),
            *cycles,
            "sched_dep_time // 100 * 60 + sched_dep_time % 100 as departure",
            "carrier_delay",
            "origin_delay",
            "coalesce(route_share, 0) as route_share",
            "(arr_delay > 15)::float as late",
        ]
    )
    parts = {
        "train": f"time_hour < {first}",
        "validation": f"time_hour >= {first} and time_hour < {second}",
        "test": f"time_hour >= {second}",
    }
    for name, which in parts.items():
        db.execute(f"""
            copy (select {columns} from joined
                  left join past_carrier using (carrier, epoch_day) left join past_origin using (origin, epoch_day)
                  left join routes using (origin, dest) where {which})
            to '{out / name}.parquet' (format parquet, compression snappy)""")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
