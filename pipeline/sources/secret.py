"""``${NAME}`` in a problem file: taken from the environment when it is needed, and never told."""

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from pipeline.errors import DataError, PlumblineError

PLACE = re.compile(r"\$\{(\w+)\}")
USER = re.compile(r"https?://([^/?#]*)@")
HIDDEN = "***"


def filled(text: str) -> str:
    """The text with the values of the environment.

    Raises:
        DataError: a variable is not set; the message names all that are not.
    """
    missing = [name for name in PLACE.findall(text) if not os.environ.get(name)]
    if missing:
        raise DataError(
            f"The environment must have {', '.join(missing)} for {text}, and has not. Set it and run again."
        )
    return _placed(text)


def _placed(text: str) -> str:
    """The text with what is set; who asks is written as a URL writes it, or a ``/`` there would end the host."""
    text = USER.sub(lambda asks: PLACE.sub(lambda found: quote(os.environ.get(found[1], ""), safe=""), asks[0]), text)
    return PLACE.sub(lambda found: os.environ.get(found[1], ""), text)


def all_filled(values: Any, day: date | None = None) -> Any:
    """The same with every text in it filled, with the day too."""
    if isinstance(values, dict):
        return {name: all_filled(value, day) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [all_filled(value, day) for value in values]
    return filled(with_day(values, day)) if isinstance(values, str) else values


def with_day(text: str, day: date | None) -> str:
    """The text with the day in the place of ``${day}``, and the one after it of ``${next_day}``, if there is a day."""
    if day is None:
        return text
    return text.replace("${day}", str(day)).replace("${next_day}", str(day + timedelta(days=1)))


def of(values: Any) -> list[str]:
    """What the environment puts into the texts among the values, and who asks by a URL that it is put into."""
    if isinstance(values, dict | list):
        some = values.values() if isinstance(values, dict) else values
        return [secret for value in some for secret in of(value)]
    names = PLACE.findall(values) if isinstance(values, str) else []
    found = [os.environ[name] for name in names if os.environ.get(name)]
    asks = USER.search(_placed(values)) if found else None
    if asks:
        user, _, password = (unquote(part) for part in asks[1].partition(":"))
        found += [f"{user}:{password}", password or user]
    return found


@contextmanager
def kept(secrets: Iterable[str]) -> Iterator[None]:
    """Let no fault tell the secrets, nor carry along one that does.

    Raises:
        DataError: as whatever was raised, with the secrets hidden.
    """
    try:
        yield
    except Exception as error:
        told = hidden(str(error), secrets)
        kind = type(error) if isinstance(error, PlumblineError) else DataError
        if not isinstance(error, PlumblineError):
            told = f"{type(error).__name__}: {told}"
        raise kind(told) from None


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, however they are written in a URL, in JSON or in a header."""
    written = {form for secret in secrets if secret for form in _written(secret)}
    for form in sorted(written, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def _written(secret: str) -> Iterator[str]:
    told = base64.b64encode(secret.encode()).decode().rstrip("=")
    for form in (secret, told, told.translate(str.maketrans("+/", "-_"))):
        in_json = json.dumps(form)[1:-1]
        yield from (form, quote(form, safe=""), quote_plus(form), in_json, in_json.replace("/", r"\/"))
