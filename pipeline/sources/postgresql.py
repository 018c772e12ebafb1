"""What PostgreSQL has and Python has not: ``infinity``, years before the first and after 9999, and 24 o'clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format

MOMENTS = ("date", "timestamp", "timestamptz")
CLOCKS = ("time", "timetz")


def keep_what_is_beyond(connection: psycopg.Connection[Any], _: object) -> None:
    """Let dates and times that Python can't hold come as PostgreSQL writes them: what they mean is said by a rule.

    Of a time of day that is 24 o'clock alone, which comes as a day's length.
    """
    for name in (*MOMENTS, *CLOCKS):
        oid = connection.adapters.types[name].oid
        usual = connection.adapters.get_loader(oid, Format.TEXT)
        connection.adapters.register_loader(oid, _or(usual, _day if name in CLOCKS else _text))


def _text(data: Any) -> str:
    return bytes(data).decode()


def _day(_: Any) -> timedelta:
    return timedelta(days=1)


def _or(usual: Any, otherwise: Callable[[Any], Any]) -> type[Loader]:
    class OrElse(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context)

        def load(self, data: Any) -> Any:
            try:
                return self._usual.load(data)
            except psycopg.DataError:
                return otherwise(data)

    return OrElse
