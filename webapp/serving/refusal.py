"""A request that gets no prediction, and the JSON that says why."""

from typing import Any

import orjson

Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(Exception):  # noqa: N818 - named for what it is to the client
    """The answer to a request that can't be served: a status and a sentence."""

    def __init__(self, status: int, error: str, headers: Headers = ()) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers

    def content(self) -> bytes:
        """The body of the reply."""
        return orjson.dumps({"error": self.error})


def too_large(what: str, limit: int, got: str) -> Refusal:
    """More than the documented limit."""
    return Refusal(413, f"A request may have at most {limit:,} {what}, got {got}. Split it into several requests.")


def malformed(error: str) -> Refusal:
    """A body that is not what the path takes."""
    return Refusal(400, error)


def shown(value: Any) -> str:
    """A value as it stands in a message: what it is, and no more of it than is needed."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
