"""The manifest of a model version: its contract, its evidence, where it came from, and the digest of every file."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bundle import digest
from bundle.contract import Contract

NAME = "assets.extra/manifest.json"
RECEIPT = "receipt.json"
"""Written after the manifest, beside the model: the record of how the folder was made, which names the manifest."""


class BrokenVersion(ValueError):  # noqa: N818 - named for what was found
    """A version folder is not what its manifest says; the message names every fault."""


class Part(BaseModel):
    """A part of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(Part):
    """One requirement and how the model stood to it: the figure, its interval, the limit.

    Attributes:
        kind: what the figure is: a ``value``, a paired ``difference`` from another model, that of the one of the
            ``slices`` which stands worst, or how much of the answer a ``leak`` tells.
        metric: what was measured; empty for a leak.
        at_most: whether the threshold is the most that the figure may be, or the least.
        slice: that with the figure, as ``column value``.
        why: the reason why the figure settles nothing, or what it does not speak of; empty where there is none.
    """

    clause: str
    kind: Literal["value", "difference", "slices", "leak"] = "value"
    metric: str = ""
    at_most: bool = False
    slice: str = ""
    why: str = ""
    value: float | None
    low: float | None
    high: float | None
    threshold: float
    state: Literal["PASS", "FAIL", "NOT ENOUGH EVIDENCE"]


class Live(Part):
    """The version that was live when another was judged, by the digest of its manifest.

    Attributes:
        why: what kept it from answering the same rows, so that nothing was compared; empty where it was compared.
    """

    version: int
    digest: str
    why: str = ""


class Verdict(Part):
    """The verdict of the requirements, clause by clause.

    Attributes:
        live: what the model was compared with, if there was a live version.
        policy: the digest of what was required.
        data: the seal of the hold-out.
        code: the digest of the code that measured and judged.
    """

    verdict: Literal["PASS", "FAIL", "NOT ENOUGH EVIDENCE"]
    clauses: tuple[Clause, ...]
    live: Live | None = None
    policy: str = ""
    data: str = ""
    code: str = ""


class Step(Part):
    """One stage of the version's making, from its receipt: digests of what it read, of its code, of what it made."""

    stage: str
    source: str
    key: str
    content: str
    code: str
    made_from: dict[str, str]
    started: str
    seconds: float
    rows_in: int | None
    rows_out: int | None
    notes: tuple[str, ...]


class Window(Part):
    """The rows of one split: how many, and what they answer.

    Attributes:
        positives: how many have the answer yes; None where yes is no answer.
        first: their first and
        last: last moment (ISO 8601); None where rows have no time.
        target: how many rows have each answer; of a number its ``mean``, ``min`` and ``max``.
        seal: of the hold-out: the digest of its rows and their answers.
    """

    split: str
    rows: int
    positives: int | None = None
    first: str | None = None
    last: str | None = None
    target: dict[str, float] = {}
    seal: str | None = None


class HoldOut(Part):
    """How often the hold-out had been read by then, to evaluate the version among others; and with how many models."""

    reads: int
    models: int


class Raw(Part):
    """A raw file that the version was made from."""

    source: str
    path: str
    sha256: str


class Manifest(Part):
    """All that a reader of a version must know of it."""

    name: str
    version: int
    title: str
    problem: str
    made: str
    made_by: str
    contract: Contract
    runtime: Literal["litert", "savedmodel"]
    verdict: Verdict
    metrics: dict[str, dict[str, float | None]]
    windows: tuple[Window, ...] = ()
    """What it was trained on, chosen with and judged by, the earliest rows first."""
    hold_out: HoldOut | None = None
    """None where it was not counted yet."""
    lineage: tuple[Step, ...]
    raw: tuple[Raw, ...]
    files: dict[str, str]
    """The SHA-256 of every other file of the version, by relative path."""

    def write(self, folder: Path) -> None:
        """Leave the manifest in the version's folder."""
        (folder / NAME).write_text(self.model_dump_json(indent=1) + "\n")


def read(folder: Path) -> Manifest:
    """The manifest of the version in ``folder``.

    Raises:
        BrokenVersion: there is none that can be read.
    """
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BrokenVersion(f"{folder} must have {NAME}, and has not: it is no version, or not whole.") from None
    except ValidationError as error:
        raise BrokenVersion(f"{folder / NAME} must be a manifest, and is not: {error}") from None


def file_digests(folder: Path) -> dict[str, str]:
    """The digest of every file of a version but its manifest and its receipt."""
    return {name: digest.of_file(folder / name) for name in digest.files_below(folder) if name not in (NAME, RECEIPT)}


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file of the version with its digest, and the manifest with that in the receipt, where there is one.

    Raises:
        BrokenVersion: names each file that is missing, changed, or should not be there.
    """
    found = file_digests(folder)
    faults = [f"{name} is missing" for name in manifest.files if name not in found]
    faults += [f"{name} should not be there" for name in found if name not in manifest.files]
    faults += [
        f"{name} is not the file that was published"
        for name, sha in manifest.files.items()
        if found.get(name, sha) != sha
    ]
    if _receipted(folder) not in (None, digest.of_file(folder / NAME)):
        faults.append(f"{NAME} is not the file that was published")
    if faults:
        raise BrokenVersion(f"Version {folder} must be as it was published, but {'; '.join(sorted(faults))}.")


def _receipted(folder: Path) -> str | None:
    """The digest of the manifest by the receipt; None where there is no receipt."""
    try:
        return str(json.loads((folder / RECEIPT).read_bytes())["files"][NAME]["sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return ""
