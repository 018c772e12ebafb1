"""The problem file: what a user writes, and nothing else. ``problems/<name>.toml``, read once and checked whole."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from pipeline import expressions
from pipeline.errors import ProblemError

Metric = Literal["accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss", "brier"]
Baseline = Literal["prior", "gradient_boosting"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
MISSING_TOKENS = ("", "-", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")


def _expression(text: str) -> str:
    expressions.parse(text)
    return text


Expression = Annotated[str, AfterValidator(_expression)]


class Part(BaseModel):
    """A part of the problem file: a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """One column of a source, and what must hold of it."""

    type: Literal["number", "integer", "category", "time"] = "number"
    known: Literal["before", "after"] = "before"
    """``after``: known only when the answer is, and so never a feature."""
    missing: Literal["keep", "reject"] = "keep"
    """What becomes of a row without a value: the model imputes it, or the row is set aside."""
    range: tuple[float, float] | None = None
    allowed: tuple[str, ...] | None = None
    outside: Literal["reject", "missing", "clip"] = "reject"
    """What becomes of a value outside ``range`` or ``allowed``: the row is set aside, the value goes, or is clipped."""
    spelling: Literal["as is", "upper", "lower"] = "as is"

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> "Column":
        numeric = self.type in ("number", "integer")
        if self.range and not numeric:
            raise ValueError(f"range is a rule for numbers, and this is a {self.type}")
        if self.range and self.range[0] > self.range[1]:
            raise ValueError(f"range must be [lowest, highest], got {list(self.range)}")
        if self.allowed is not None and self.type != "category":
            raise ValueError(f"allowed is a rule for categories, and this is a {self.type}")
        if self.outside == "clip" and not numeric:
            raise ValueError(f"outside = 'clip' is a rule for numbers, and this is a {self.type}")
        return self


class Source(Part):
    """Where one table comes from, and what must hold of its rows."""

    path: str
    """A CSV file, also as .zip or .gz: relative to the current folder, or to ``package`` where that is given."""
    package: str | None = None
    key: tuple[str, ...] = ()
    """The columns that name a row; a row that repeats them is set aside."""
    time: str | None = None
    """The column that says which day (UTC) a row belongs to, for collecting day by day."""
    checks: dict[str, Expression] = {}
    """Comparisons that must hold of each row, by the reason to give where one does not."""
    missing_tokens: tuple[str, ...] = MISSING_TOKENS
    max_rejected: float = Field(0.05, ge=0, le=1)
    """The share of rows that may be set aside before the run stops."""
    columns: dict[str, Column]

    def file(self) -> Path:
        """Where the raw bytes are. A package is looked up, not imported.

        Raises:
            ProblemError: the package is not installed.
        """
        if self.package is None:
            return Path(self.path)
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise ProblemError(f"package = {self.package!r} must be installed, and is not: pip install {self.package}")
        return Path(spec.origin).parent / self.path


class Split(Part):
    """Rows before ``validation`` train, rows from ``test`` on are the hold-out; a date begins in ``time_zone``."""

    time: str
    time_zone: str = "UTC"
    validation: date
    test: date

    @model_validator(mode="after")
    def _in_order(self) -> "Split":
        if self.validation >= self.test:
            raise ValueError(f"validation must begin before test, got {self.validation} and {self.test}")
        return self


class Features(Part):
    """What the model may look at: columns as they are (``planes.seats`` looks one up), and expressions over them."""

    columns: tuple[str, ...]
    derived: dict[Name, Expression] = {}


class Screen(Part):
    """Which features are left out for having moved between training and validation."""

    max_psi: float = Field(0.25, gt=0)
    """Population stability index above which a feature drifts."""
    drifting: Literal["leave out", "keep"] = "leave out"


class Search(Part):
    """How hyperparameters are looked for."""

    trials: int = Field(4, ge=1)
    epochs: int = Field(4, ge=1)
    rows: int = Field(100_000, ge=100)
    """Training rows that a trial learns from, drawn at random."""


class Training(Part):
    """How long the chosen model learns. The epoch with the lowest validation loss is the one that is kept."""

    epochs: int = Field(8, ge=1)


class Decision(Part):
    """Which metric the threshold between yes and no makes best, on the validation split."""

    best: Literal["accuracy", "f1"] = "f1"


class Requirement(Part):
    """A figure that the model must reach on the hold-out, by its whole confidence interval."""

    metric: Metric
    min: float | None = None
    max: float | None = None
    better_than: Baseline | None = None
    by: float = Field(0, ge=0)
    """By how much the model must be better than the baseline."""

    @model_validator(mode="after")
    def _one_condition(self) -> "Requirement":
        given = [name for name in ("min", "max", "better_than") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of min, max and better_than, got {' and '.join(given) or 'none of them'}")
        return self


class Monitoring(Part):
    """From when on a day is told to differ."""

    min_rows: int = Field(200, ge=1)
    """Rows of a version on a day below which drift is not judged."""
    min_outcomes: int = Field(200, ge=1)
    """Known outcomes of a version on a day below which its metrics are not judged."""
    max_psi: float = Field(0.25, gt=0)
    """Population stability index from which a feature drifts, where single days do not reach it anyway."""
    level: float = Field(0.05, gt=0, lt=1)
    """The share of false alarms among the features that chance alone may cause."""


class Maintain(Part):
    """When a new run is due."""

    every_days: int = Field(7, ge=0)
    """The age of the newest version, in days, from which a new run is due; 0 for never."""


class Problem(Part):
    """The whole of a problem file."""

    name: Name
    title: str
    task: Literal["binary"] = "binary"
    seed: int = Field(0, ge=0)
    table: str
    """The source whose rows are predicted."""
    target: Expression
    """Yes where it holds; a row for which it can't be told is set aside."""
    sources: dict[Name, Source]
    joins: dict[str, tuple[str, ...]] = {}
    """Sources that change over time, by the columns to join them on: a client sends their columns."""
    lookups: dict[str, str] = {}
    """Static sources, by the column that names their row: they travel inside the model."""
    features: Features
    split: Split
    screen: Screen = Screen()
    search: Search = Search()
    training: Training = Training()
    decision: Decision = Decision()
    slices: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    monitoring: Monitoring = Monitoring()
    maintain: Maintain = Maintain()

    def columns(self) -> dict[str, Column]:
        """The columns of the table and of what is joined to it: what a row is before anything is derived."""
        found = dict(self.sources[self.table].columns)
        for source in self.joins:
            found |= {name: column for name, column in self.sources[source].columns.items() if name not in found}
        return found

    def column(self, name: str) -> Column:
        """The column called ``name``; ``planes.seats`` is column ``seats`` of the look-up ``planes``."""
        if "." in name:
            source, _, column = name.partition(".")
            return self.sources[source].columns[column]
        return self.columns()[name]

    def kinds(self) -> dict[str, Literal["number", "category"]]:
        """Every candidate feature and what it is, in the order of the problem file."""
        kinds: dict[str, Literal["number", "category"]] = {
            name: "category" if self.column(name).type == "category" else "number" for name in self.features.columns
        }
        return kinds | dict.fromkeys(self.features.derived, "number")

    def inputs(self, features: tuple[str, ...] | None = None) -> list[str]:
        """The raw columns that a client sends for ``features`` (all of them, if not given), sorted."""
        wanted: set[str] = set()
        for feature in features if features is not None else tuple(self.kinds()):
            expression = self.features.derived.get(feature, feature)
            for name in expressions.columns(expression):
                wanted.add(self.lookups[name.partition(".")[0]] if "." in name else name)
        return sorted(wanted)

    def part(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named top-level parts as JSON values: all that a stage may read, and so all that can make it stale.

        Where a source's bytes lie is left out: the bytes themselves are an input.
        """
        part = self.model_dump(mode="json", include=set(names))
        for source in part.get("sources", {}).values():
            source |= {"path": "", "package": None}
        return part


def load(path: Path) -> Problem:
    """Read and check a problem file.

    Raises:
        ProblemError: the file is missing, no TOML, or says something that can't hold; all mistakes are listed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.toml"))
        raise ProblemError(
            f"{path} must be a problem file, and there is none. Known problems: {', '.join(known) or 'none'}."
        ) from None
    except UnicodeDecodeError as error:
        raise ProblemError(f"{path} must be UTF-8 text, and byte {error.start} is not. Save it as UTF-8.") from None
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{path} must be TOML, and is not: {error}.") from None
    except ProblemError as error:
        raise ProblemError(f"{path} {error}") from None


def parse(raw: dict[str, Any]) -> Problem:
    """Check the values of a problem file.

    Raises:
        ProblemError: what was read can't hold; all mistakes are listed.
    """
    problem, mistakes = None, []
    try:
        problem = Problem.model_validate(raw)
    except ValidationError as error:
        mistakes = [_mistake(fault) for fault in error.errors()]
    mistakes += _References(raw).broken()
    if mistakes or problem is None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ProblemError("\n".join([f"has {count}:", *(f"  {mistake}" for mistake in mistakes)]))
    return problem


def view(part: dict[str, Any]) -> Problem:
    """Read back what ``Problem.part`` gave: a problem that has the named parts and nothing else.

    What a stage may have beside them, such as a day, is no part of the problem.
    """
    fields = Problem.model_fields
    values = {
        name: TypeAdapter[Any](fields[name].annotation or Any).validate_python(value)
        for name, value in part.items()
        if name in fields
    }
    seen = Problem.__new__(Problem)
    object.__setattr__(seen, "__dict__", values)
    return seen


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint at the name that was probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _mistake(fault: Any) -> str:
    place = [str(step) for step in fault["loc"] if step != "after"]
    where, message, got = ".".join(place), fault["msg"].removeprefix("Value error, "), fault["input"]
    match fault["type"]:
        case "extra_forbidden":
            return f"{where}: there is no such key{nearest(place[-1], _keys_at(place[:-1]))}"
        case "missing":
            return f"{where}: must be given, and is not"
        case "literal_error":
            return f"{where}: expected {fault['ctx']['expected']}, got {got!r}{_nearest_literal(got, fault)}"
        case "value_error":
            return f"{where}: {message}"
    return f"{where}: {message[:1].lower()}{message[1:]}, got {got!r}"


def _nearest_literal(got: Any, fault: Any) -> str:
    return nearest(str(got), re.findall(r"'([^']*)'", fault["ctx"]["expected"]))


def _keys_at(place: list[str]) -> list[str]:
    """The keys that the problem file may have at a place, found by walking the models."""
    models: list[Any] = [Problem]
    for step in place:
        fields = [model.model_fields[step].annotation for model in models if step in model.model_fields]
        if not fields:
            continue  # the name of a source or a column, or the number of a requirement
        models = [model for field in fields for model in _models_in(field)]
    return [key for model in models for key in model.model_fields]


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


class _References:
    """The names in a problem file that name nothing, or not what they must, in whatever part has the right shape."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.mistakes: list[str] = []
        self.sources = {name: _table(source) for name, source in _table(raw.get("sources")).items()}
        self.columns = {name: _table(source.get("columns")) for name, source in self.sources.items()}
        self.joins, self.lookups = _table(raw.get("joins")), _table(raw.get("lookups"))
        self.table = self.columns.get(str(raw.get("table")), {})
        joined = {name: rules for source in self.joins for name, rules in self.columns.get(source, {}).items()}
        self.raw_columns = {**joined, **self.table}
        looked_up = {
            f"{source}.{name}": rules for source in self.lookups for name, rules in self.columns.get(source, {}).items()
        }
        self.known = {**self.raw_columns, **looked_up}

    def broken(self) -> list[str]:
        """Every mistake, in the order of the problem file."""
        self._refer("table", self.raw.get("table"), self.sources, "source")
        for column in _columns_of(self.raw.get("target")):
            self._refer("target", column, self.raw_columns, "column")
            self._expect_type("target", column, _table(self.raw_columns.get(column)), ("number", "integer"))
        time = _table(self.raw.get("split")).get("time")
        self._refer("split.time", time, self.raw_columns, "column")
        self._expect_type("split.time", str(time), _table(self.raw_columns.get(str(time), {"type": "time"})), ("time",))
        self._refer_all("slices", _list(self.raw.get("slices")), self.raw_columns, "column")
        self._check_joins()
        self._check_lookups()
        self._check_features()
        self._check_sources()
        return self.mistakes

    def _check_joins(self) -> None:
        self._refer_all("joins", list(self.joins), self.sources, "source")
        for source, on in self.joins.items():
            key = _list(self.sources.get(source, {}).get("key"))
            if source in self.sources and _list(on) != key:
                self.mistakes.append(f"joins.{source}: must be the key of {source}, {key}, got {on!r}")
            self._refer_all(f"joins.{source}", _list(on), self.table, f"column of {self.raw.get('table')}")

    def _check_lookups(self) -> None:
        self._refer_all("lookups", list(self.lookups), self.sources, "source")
        for source, column in self.lookups.items():
            self._refer(f"lookups.{source}", column, self.raw_columns, "column")
            if source in self.sources and len(_list(self.sources[source].get("key"))) != 1:
                self.mistakes.append(f"lookups.{source}: sources.{source}.key must name one column")

    def _check_features(self) -> None:
        features = _table(self.raw.get("features"))
        plain = [name for name in _list(features.get("columns")) if isinstance(name, str)]
        self._check_feature("features.columns", plain, ("number", "integer", "category"))
        for name, expression in _table(features.get("derived")).items():
            where = f"features.derived.{name}"
            if name in self.raw_columns:
                self.mistakes.append(f"{where}: a column has that name already; choose another")
            self._check_feature(where, _columns_of(expression), ("number", "integer"))

    def _check_feature(self, where: str, names: list[str], types: tuple[str, ...]) -> None:
        self._refer_all(where, names, self.known, "column")
        for name in names:
            rules = _table(self.known.get(name))
            if rules.get("known") == "after":
                self.mistakes.append(
                    f"{where}: {name!r} is known only after the event (known = 'after'), and can't become a feature"
                )
            self._expect_type(where, name, rules, types)

    def _check_sources(self) -> None:
        for name, source in self.sources.items():
            what = f"column of {name}"
            self._refer_all(f"sources.{name}.key", _list(source.get("key")), self.columns[name], what)
            time = str(source.get("time"))
            self._refer(f"sources.{name}.time", source.get("time"), self.columns[name], what)
            self._expect_type(
                f"sources.{name}.time", time, _table(self.columns[name].get(time, {"type": "time"})), ("time",)
            )
            for reason, check in _table(source.get("checks")).items():
                where = f"sources.{name}.checks.{reason!r}"
                self._refer_all(where, _columns_of(check), self.columns[name], what)
                for column in _columns_of(check):
                    self._expect_type(where, column, _table(self.columns[name].get(column)), ("number", "integer"))

    def _expect_type(self, where: str, name: str, rules: dict[str, Any], types: tuple[str, ...]) -> None:
        found = rules.get("type", "number")
        if found not in types and found in get_args(Column.model_fields["type"].annotation):
            self.mistakes.append(f"{where}: {name!r} must be a {' or '.join(types)}; it is of type {found}")

    def _refer_all(self, where: str, names: list[Any], known: Iterable[str], what: str) -> None:
        for name in names:
            self._refer(where, name, known, what)

    def _refer(self, where: str, name: Any, known: Iterable[str], what: str) -> None:
        if isinstance(name, str) and name not in known:
            self.mistakes.append(f"{where}: {name!r} is no {what}{nearest(name, known)}")


def _columns_of(expression: Any) -> list[str]:
    try:
        return expressions.columns(expression) if isinstance(expression, str) else []
    except ValueError:
        return []  # told already, as a mistake of its own


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
