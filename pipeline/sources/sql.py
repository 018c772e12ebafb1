"""A table or a query of a database: streamed from one consistent snapshot, in the types that it has."""

import json
import random
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipeline.errors import DataError
from pipeline.problem import Sql
from pipeline.problem.origin import is_secret
from pipeline.sources import secret
from pipeline.sources.columns import Columns
from pipeline.sources.deadline import Deadline

ROWS_AT_ONCE = 20_000
TRIES, FIRST_WAIT = 4, 0.5
"""How often a server that can't be reached is asked, and the seconds before the second time; they double."""
CONNECTING = {
    "postgresql": {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "tcp_user_timeout": 60_000}
}
"""What the drivers are told: to notice a server that falls silent."""
WRITTEN: dict[type, Callable[[Any], str]] = {date: date.isoformat, Decimal: "{:f}".format}
"""How the values of a column that has only such are written, in half the time."""
WORDS = ("password authentication failed", "no password supplied", "does not exist", "role", "permission denied")
"""What a server says that will not change by asking again."""


def read(
    sql: Sql, columns: Columns, time_column: str | None = None, day: date | None = None, time_zone: str = "UTC"
) -> Iterator[pa.Table]:
    """The rows, or those of a day, as tables of the wanted columns; at least one table, even if there are no rows.

    Args:
        time_column: by which a table is asked for the day.
        time_zone: where the clock hangs that the day goes by.

    Raises:
        DataError: the database can't be reached, refuses, breaks off, or takes too long.
    """
    url = located(sql.url)
    where = f"{url.host or url.get_backend_name()}{f':{url.port}' if url.port else ''}/{url.database or ''}"
    if url.get_backend_name() == "sqlite" and not _is_there(url.database or ""):
        raise DataError(f"Database {where} must be a file, and there is none.")  # SQLite would make an empty one
    deadline = Deadline(sql.deadline, f"Database {where}")
    given = url.normalized_query
    asks = [url.password or "", *(one for name in filter(is_secret, given) for one in given[name])]
    with secret.kept([*asks, *secret.of(sql.url)] if any(asks) else []):
        engine = sa.create_engine(url, connect_args=CONNECTING.get(url.get_backend_name(), {}), poolclass=sa.NullPool)
        if engine.dialect.driver == "psycopg":
            from pipeline.sources import postgresql

            sa.event.listen(engine, "connect", postgresql.keep_what_is_beyond)
        try:
            yield from _rows(engine, sql, columns, where, time_column, day, time_zone, deadline)
        except sa.exc.SQLAlchemyError as error:
            told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            if not deadline.left:
                raise deadline.passed(told) from None
            raise DataError(f"Database {where} must give its rows, and does not: {told}") from None
        finally:
            engine.dispose()


def located(url: str) -> sa.URL:
    """The database's URL with what comes from the environment.

    Raises:
        DataError: it is no URL of a database, or the environment lacks something.
    """
    try:
        if secret.PLACE.fullmatch(url):
            return sa.make_url(secret.filled(url))
        parts = sa.make_url(url)
        return parts.set(
            username=_filled(parts.username),
            password=_filled(parts.password),
            host=_filled(parts.host),
            database=_filled(parts.database),
            query=secret.all_filled(dict(parts.query)),
        )
    except (sa.exc.ArgumentError, ValueError):
        raise DataError("sql.url must be a URL such as postgresql+psycopg://user:${PASSWORD}@host/database.") from None


def _is_there(database: str) -> bool:
    return database.startswith((":", "file:")) or Path(database).is_file()


def _filled(text: str | None) -> str | None:
    return secret.filled(text) if text else None


def _rows(
    engine: sa.Engine,
    sql: Sql,
    columns: Columns,
    where: str,
    time_column: str | None,
    day: date | None,
    time_zone: str,
    deadline: Deadline,
) -> Iterator[pa.Table]:
    with _connected(engine, where, deadline) as connection:
        _limit(connection, deadline)
        if connection.dialect.name == "postgresql":
            connection.execute(
                sa.func.set_config("timezone", time_zone, True), execution_options={"stream_results": False}
            )
        statement = _statement(connection, sql, columns, where, time_column, day)
        result = connection.execute(statement)
        names = list(result.keys())
        if sql.query:
            columns.take(dict.fromkeys(names, "sql"), f"The query of {where}")
        places = [names.index(name) for name in columns.wanted]
        yield pa.table({name: pa.array([], pa.null()) for name in columns.wanted})
        for rows in result.partitions(ROWS_AT_ONCE):
            values = list(zip(*rows, strict=True))
            yield pa.table({name: array(values[place]) for name, place in zip(columns.wanted, places, strict=True)})
            _limit(connection, deadline)


def _limit(connection: sa.Connection, deadline: Deadline) -> None:
    """Let no statement outlast the deadline, nor the next rows of one, where the database knows how.

    Raises:
        DataError: it has passed.
    """
    if not deadline.left:
        raise deadline.passed()
    if connection.dialect.name == "postgresql":
        milliseconds = 1 + int(deadline.left * 1000)
        connection.exec_driver_sql(
            f"set local statement_timeout = {milliseconds}", execution_options={"stream_results": False}
        )


def _connected(engine: sa.Engine, where: str, deadline: Deadline) -> sa.Connection:
    """A connection that reads one snapshot, row by row."""
    options: dict[str, Any] = {"stream_results": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    for attempt in range(TRIES):
        try:
            return engine.connect().execution_options(**options)
        except sa.exc.OperationalError as error:
            told = str(error.orig).strip().splitlines()[0]
            if attempt + 1 == TRIES or any(word in told for word in WORDS):
                raise DataError(f"Database {where} must be there and let us in, and is not: {told}") from None
            backed_off = random.uniform(0.5, 1) * FIRST_WAIT * 2**attempt  # noqa: S311 - no secret
            deadline.wait(backed_off, told)
    raise AssertionError


def _statement(
    connection: sa.Connection, sql: Sql, columns: Columns, where: str, time_column: str | None, day: date | None
) -> sa.Executable:
    bounds = (
        {"day": bound_of(day, connection), "next_day": bound_of(day + timedelta(days=1), connection)} if day else {}
    )
    if sql.query:
        query = sa.text(sql.query)
        return query.bindparams(**{name: bound for name, bound in bounds.items() if name in query.compile().params})
    schema, name = "", sql.table or ""
    if not sa.inspect(connection).has_table(name):
        schema, _, name = name.rpartition(".")
    try:
        with warnings.catch_warnings(category=sa.exc.SAWarning, action="ignore"):  # a type that it has no name for
            table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
    except sa.exc.NoSuchTableError:
        raise DataError(f"Database {where} must have the table {sql.table}, and has not.") from None
    columns.take({column.name: str(column.type).lower() for column in table.columns}, f"{sql.table} in {where}")
    statement = sa.select(*(_as_stored(table.columns[name], connection) for name in columns.wanted))
    if time_column and bounds:
        column = table.columns[time_column]
        told = _as_stored(column, connection)
        statement = statement.where(told >= bounds["day"], told < bounds["next_day"])
    return statement


def _as_stored(column: sa.Column[Any], connection: sa.Connection) -> sa.ColumnElement[Any]:
    """The column; of SQLite, which has no times, one of times as the text or number that was put there."""
    timed = isinstance(column.type, sa.Date | sa.DateTime | sa.Time)
    return sa.type_coerce(column, sa.String) if timed and connection.dialect.name == "sqlite" else column


def bound_of(day: date, connection: sa.Connection) -> datetime | str:
    """When a day begins, on the clock of the connection; as text for SQLite, which has no times."""
    return str(day) if connection.dialect.name == "sqlite" else datetime.combine(day, datetime.min.time())


def array(values: tuple[Any, ...]) -> pa.Array:
    """The values in the type that holds them all: numbers that would be rounded are text, as are dates.

    A duration counts its seconds, and a time of day those since midnight.
    """
    some = {type(value) for value in values if value is not None}
    if some <= {bool} or some <= {float} or some <= {str}:
        return pa.array(values)
    if some == {int} and all(-(2**63) <= value < 2**63 for value in values if value is not None):
        return pa.array(values, pa.int64())
    if some and some <= {timedelta, time}:
        return pa.array([None if value is None else _seconds(value) for value in values], pa.float64())
    if some == {datetime}:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        if len(zoned) == 1:
            return pa.array(values, pa.timestamp("us", "UTC" if zoned == {True} else None))
    written = WRITTEN.get(some.pop(), as_text) if len(some) == 1 else as_text
    return pa.array([value if value is None else written(value) for value in values], pa.string())


def _seconds(value: timedelta | time) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6


def as_text(value: Any) -> str | None:
    """A value as text, to its last digit."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, set):  # MySQL's, which has no order of its own
        return ",".join(sorted(value))
    if isinstance(value, date | datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
