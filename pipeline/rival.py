"""The live version that a candidate is held against: by what the registry told, not by what lies on the disk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bundle.decisions import in_force
from pipeline import published

MODEL = "Train"
"""The stage whose content tells one model from another."""


def of(data: Path, model: str, candidate: str | None) -> dict[str, Any] | None:
    """The version to compare with, as ``{"version", "digest"}``: the one that is live, by the digest of its manifest.

    A candidate that is itself live (or was, where none is) is compared with what it was compared with when it was
    published, so that approving it asks for nothing new.

    Args:
        candidate: the content of the candidate's model, where it is known.

    Raises:
        LineageError: what was decided can't be read.
    """
    decisions = published.decisions(data, model)
    if not decisions:
        return None
    live = in_force(decisions, datetime.now(UTC))
    if live and _content(data, model, live.version) != candidate:
        return {"version": live.version, "digest": live.digest}
    for number in reversed(published.versions(data, model)):
        if _content(data, model, number) == candidate:
            compared = published.manifest(data, model, number)["verdict"].get("live")
            return compared and {name: compared[name] for name in ("version", "digest")}
    return None


def _content(data: Path, model: str, number: int) -> str | None:
    """That of the model in a version; None where the version has gone."""
    if number not in published.versions(data, model):
        return None
    steps = published.manifest(data, model, number)["lineage"]
    return next((step["content"] for step in steps if step["stage"] == MODEL), None)
