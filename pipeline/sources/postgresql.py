"""What PostgreSQL has and Python has not: ``infinity``, and the years before the first and after 9999."""

from typing import Any

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format

MOMENTS = ("date", "timestamp", "timestamptz")


def keep_what_is_beyond(connection: psycopg.Connection[Any], _: object) -> None:
    """Let dates and times that Python can't hold come as PostgreSQL writes them: what they mean is said by a rule."""
    for name in MOMENTS:
        oid = connection.adapters.types[name].oid
        usual = connection.adapters.get_loader(oid, Format.TEXT)
        connection.adapters.register_loader(oid, _or_text(usual))


def _or_text(usual: Any) -> type[Loader]:
    class OrText(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context)

        def load(self, data: Any) -> Any:
            try:
                return self._usual.load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    return OrText
