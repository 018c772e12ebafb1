"""What every part of the problem file is made of."""

import difflib
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline import expressions

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _expression(text: str) -> str:
    expressions.parse(text)
    return text


Expression = Annotated[str, AfterValidator(_expression)]


class Part(BaseModel):
    """A part of the problem file: a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the name that was probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
