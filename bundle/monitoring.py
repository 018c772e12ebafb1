"""What passes between the server and the pipeline once a model is live: files, and nothing else.

==============================================  =========================================  ===================
data/served/<model>/<day>/<process>.jsonl       what was asked and answered, ``Served``    server to Monitor
data/outcomes/<model>/<day>/<process>.jsonl     what came true of it, ``Outcome``          server to Monitor
data/monitoring/<model>/<day>/report.json       what was found, ``DayReport``              Monitor to server
data/requests/<model>/<id>.json                 who asks for a new run, ``RunRequest``     server to Maintain
data/maintained/<model>.json                    what was done last, ``Maintained``         Maintain to server
==============================================  =========================================  ===================

A day is the day (UTC) of the moment that an answer is about, which its id holds (``bundle.identity``); the outcome of
an answer lies in the folder of the same day, whenever it came.
"""

from typing import Any, Literal, TypedDict

from pydantic import AwareDatetime, BaseModel, ConfigDict

SERVED, OUTCOMES, MONITORING, REQUESTS, MAINTAINED = "served", "outcomes", "monitoring", "requests", "maintained"
REPORT = "report.json"
PAGE = "report.html"


class Served(TypedDict):
    """A line of the prediction log: some requests that one version answered, with their rows one after the other.

    ``ids``, ``at`` (what the answer is about), ``answered`` (both in ISO 8601, UTC) and ``rows`` have a value for each
    request; the columns have one for each row. A missing number is null, a missing category is the empty text.
    """

    version: int
    ids: list[str]
    at: list[str]
    answered: list[str]
    rows: list[int]
    inputs: dict[str, list[Any]]
    answers: dict[str, list[Any]]


class Outcome(TypedDict):
    """A line of what came true: the value of the target for one row of one answer. A later line replaces an earlier.

    The value is 1 for yes and 0 for no, the label, or the number.
    """

    id: str
    row: int
    value: float | str
    at: str


class Part(BaseModel):
    """A part of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Drift(Part):
    """How far a feature (or an answer) of the day is from the reference.

    Attributes:
        bins: what each bin is called, as a person reads it; the last is that of missing values.
        expected: the share of each bin in the reference.
        actual: its share on the day.
        psi: the population stability index of the two.
        usual: the index that single days of the reference reach at most, where the reference has days.
        q: the chance of such a difference without drift, by a chi-squared test, with the false discovery rate
            controlled over all features (Benjamini and Hochberg 1995).
        drifted: whether it is large, larger than usual, and not by chance.
    """

    name: str
    bins: tuple[str, ...]
    expected: tuple[float, ...]
    actual: tuple[float, ...]
    psi: float
    usual: float | None
    q: float
    drifted: bool


class Realised(Part):
    """A metric on the rows whose outcome is known, with its 95 % interval, beside that of the hold-out.

    Attributes:
        minimum: of the requirement that the version was judged by, where there is one.
        maximum: likewise.
        usual: the worst that single days of the hold-out came to, where it has days.
        fallen: whether the whole interval is on the wrong side of the requirement, and the value is worse than usual.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    hold_out: float | None
    minimum: float | None
    maximum: float | None
    usual: float | None = None
    fallen: bool


class VersionDay(Part):
    """One version on the day.

    Attributes:
        mean_answer: of the probabilities, or of the numbers; of labels, the mean probability of those given.
        mean_outcome: of what came true, where anything did; of labels, the share of those given that did.
        drift: features that the model uses, the furthest first, and last its answer; empty with too few rows.
        realised: empty where too few outcomes are known.
        note: why something is not told.
    """

    version: int
    requests: int
    rows: int
    outcomes: int
    mean_answer: float
    mean_outcome: float | None
    drift: tuple[Drift, ...]
    realised: tuple[Realised, ...]
    note: str = ""
    task: Literal["binary", "multiclass", "regression"] = "binary"


class DayReport(Part):
    """What Monitor found of a model's day.

    Attributes:
        unknown_outcomes: outcomes of answers that the log of the day does not have.
        findings: what a person should know, a sentence each; empty where all is well.
    """

    model: str
    day: str
    made: AwareDatetime
    rows: int
    outcomes: int
    unknown_outcomes: int
    versions: tuple[VersionDay, ...]
    drifted: bool
    fallen: bool
    findings: tuple[str, ...]


class RunRequest(Part):
    """Somebody, or an alert, asks for a new run."""

    model: str
    by: str
    source: str
    reason: str
    at: AwareDatetime


class Maintained(Part):
    """What Maintain did, and why."""

    model: str
    at: AwareDatetime
    reasons: tuple[str, ...]
    outcome: Literal["nothing to do", "new version", "no new version"]
    version: int | None
