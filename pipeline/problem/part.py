"""What every part of the problem file is made of."""

import difflib
import re
from collections.abc import Collection
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipeline import expressions

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _expression(text: str) -> str:
    expressions.parse(text)
    return text


Expression = Annotated[str, AfterValidator(_expression)]


def _days(value: Any) -> Any:
    found = re.fullmatch(r"(\d+) days?", value) if isinstance(value, str) else None
    if isinstance(value, str) and not found:
        raise ValueError(f"must be a number of days such as '2 days', got {value!r}")
    return int(found[1]) if found else value


Days = Annotated[int, BeforeValidator(_days), Field(ge=0)]
"""A number of days, written ``"2 days"``."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = nearest(name, available_timezones())
        raise ValueError(f"expected a time zone such as America/New_York, got {name!r}{hint}") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone by the name that it has in the IANA database."""


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""Names of columns; one may be written by itself."""


class Part(BaseModel):
    """A part of the problem file: a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def nearest(word: str, known: Collection[str]) -> str:
    """A hint at the name that was probably meant, or nothing."""
    same = [name for name in known if name.strip().casefold() == word.strip().casefold()]
    close = same or difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
