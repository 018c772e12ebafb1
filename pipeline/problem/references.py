"""The names in a problem file that name nothing, or not what they must."""

from collections.abc import Collection
from typing import Any, get_args

from pipeline import expressions
from pipeline.problem.column import Column
from pipeline.problem.model import BASELINES, METRICS, Baseline, Metric
from pipeline.problem.part import nearest

KINDS: dict[str, expressions.Kind] = {
    "number": "number",
    "integer": "number",
    "category": "category",
    "boolean": "category",
    "time": "time",
    "text": "category",
}
"""What a column is in an expression, by its type."""
FEATURES = ("number", "integer", "category", "boolean", "text")
"""The types of columns that can be features as they are."""
KEYS = ("category",)
"""The types of columns that a look-up goes by."""
GROUPS = ("category", "boolean")
"""The types of columns that make groups."""
LABELS = ("category", "integer", "boolean")
"""What the column with the label may be, where there are several."""


class References:
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
        self._check_answer()
        self._check_split()
        time = _table(self.raw.get("split")).get("time")
        self._refer("split.time", time, self.raw_columns, "column")
        self._expect_type("split.time", str(time), _table(self.raw_columns.get(str(time), {"type": "time"})), ("time",))
        self._refer_all("slices", _list(self.raw.get("slices")), self.raw_columns, "column")
        self._check_joins()
        self._check_lookups()
        self._check_features()
        self._check_sources()
        return self.mistakes

    def _check_answer(self) -> None:
        target: Any = self.raw.get("target")
        task: Any = self.raw.get("task", "binary")
        known = isinstance(task, str) and task in METRICS
        columns = _columns_of(target)
        alone = columns == [str(target).strip("`")]
        rules = _table(self.raw_columns.get(columns[0])) if alone else {}
        if task == "multiclass":
            self._refer_all("target", columns, self.raw_columns, "column")
            if alone:
                self._expect_type("target", columns[0], rules, LABELS)
            elif columns:
                self.mistakes.append(f"target: must be the name of the column with the label, got {target!r}")
        elif not (task == "binary" and rules.get("type") == "boolean"):
            wanted: expressions.Kind = "number" if task == "regression" or alone else "truth"
            self._check_expression("target", target, self.raw_columns, "column", *([wanted] if known else []))
        if known and task != "binary" and "decision" in self.raw:
            self.mistakes.append("decision: is for task = 'binary', which alone has a threshold; take [decision] out")
        for place, requirement in enumerate(_list(self.raw.get("requirements")) if known else ()):
            self._check_slices(place, _table(requirement))
            for key, every, fitting in (
                ("metric", get_args(Metric), METRICS[task]),
                ("better_than", get_args(Baseline), BASELINES[task]),
                ("no_worse_than", get_args(Baseline), BASELINES[task]),
            ):
                named = _table(requirement).get(key)
                if named in every and named not in fitting:
                    which = ", ".join(fitting)
                    self.mistakes.append(
                        f"requirements.{place}.{key}: {named!r} is not for task = {task!r}, which has {which}"
                    )

    def _check_slices(self, place: int, requirement: dict[str, Any]) -> None:
        if requirement.get("every_slice") is True and not _list(self.raw.get("slices")):
            self.mistakes.append(f"requirements.{place}.every_slice: needs slices = [...] to name columns, and none is")

    def _check_split(self) -> None:
        split = _table(self.raw.get("split"))
        self._refer("split.group", split.get("group"), self.raw_columns, "column")
        if _table(self.raw_columns.get(str(split.get("group")))).get("known") == "after":
            self.mistakes.append("split.group: must be known before the event, and is known only after it")
        if split.get("stratify") and self.raw.get("task") == "regression":
            self.mistakes.append("split.stratify: needs answers of a few kinds, and task = 'regression' has numbers")

    def _check_joins(self) -> None:
        self._refer_all("joins", list(self.joins), self.sources, "source")
        for source, on in self.joins.items():
            key = _list(self.sources.get(source, {}).get("key"))
            if source in self.sources and _list(on) != key:
                self.mistakes.append(f"joins.{source}: must be the key of {source}, {key}, got {on!r}")
            self._refer_all(f"joins.{source}", _list(on), self.table, f"column of {self.raw.get('table')}")

    def _check_lookups(self) -> None:
        self._refer_all("lookups", list(self.lookups), self.sources, "source")
        for source, given in self.lookups.items():
            where, on = f"lookups.{source}", [given] if isinstance(given, str) else _list(given)
            self._refer_all(where, on, self.raw_columns, "column")
            self._check_feature(where, [name for name in on if name in self.raw_columns])
            self._expect_types(where, on, self.raw_columns)
            if source not in self.sources:
                continue
            key = _list(self.sources[source].get("key"))
            self._expect_types(f"sources.{source}.key", key, self.columns[source])
            if self.sources[source].get("duplicates") == "keep":
                self.mistakes.append(f"{where}: a key must name one row, and sources.{source}.duplicates is 'keep'")
            if not key or len(on) != len(key):
                self.mistakes.append(f"{where}: must name a column for each of sources.{source}.key, {key}, got {on}")

    def _check_screen(self) -> None:
        features = _table(self.raw.get("features"))
        names = [
            *map(str, _list(features.get("columns"))),
            *_table(features.get("derived")),
            *_table(features.get("past")),
        ]
        for name, reason in _table(_table(self.raw.get("screen")).get("waive")).items():
            self._refer("screen.waive", name, names, "feature")
            if not str(reason).strip():
                self.mistakes.append(
                    f"screen.waive.{name}: must give the reason, which whoever approves a version reads"
                )
        for name in _table(features.get("winsorise")):
            self._refer("features.winsorise", name, names, "feature")
            kind = str(_table(self.known.get(name)).get("type", "number"))
            if kind not in ("number", "integer"):
                self.mistakes.append(f"features.winsorise: {name!r} must be a number; it is of type {kind}")

    def _check_features(self) -> None:
        self._check_screen()
        features = _table(self.raw.get("features"))
        plain = [name for name in _list(features.get("columns")) if isinstance(name, str)]
        self._check_feature("features.columns", plain)
        for name in plain:
            self._expect_type("features.columns", name, _table(self.known.get(name)), FEATURES)
            if _table(self.known.get(name)).get("type") == "text":
                self._check_text(name)
        for name, expression in _table(features.get("derived")).items():
            where = f"features.derived.{name}"
            if name in self.raw_columns:
                self.mistakes.append(f"{where}: a column has that name already; choose another")
            self._check_feature(where, _columns_of(expression))
            self._check_expression(where, expression, self.known)
        for name, past in _table(features.get("past")).items():
            self._check_past(f"features.past.{name}", name, _table(past))

    def _check_text(self, name: str) -> None:
        if name not in self.raw_columns:
            self.mistakes.append(f"features.columns: {name!r} is a text, and must be sent by a client, not looked up")
        if f"{name}[1]" in self.known:
            self.mistakes.append(f"features.columns: {name!r} becomes numbers, and {name}[1] is a column; rename it")

    def _check_past(self, where: str, name: str, past: dict[str, Any]) -> None:
        table = str(self.raw.get("table"))
        if name in self.raw_columns or name in _table(_table(self.raw.get("features")).get("derived")):
            self.mistakes.append(f"{where}: a column or feature has that name already; choose another")
        if table in self.sources and "time" not in self.sources[table]:
            self.mistakes.append(f"{where}: sources.{table}.time must name the column that says the day of a row")
        by = [column for column in _list(past.get("by")) if isinstance(column, str)]
        self._refer_all(f"{where}.by", by, self.table, f"column of {table}")
        self._check_feature(f"{where}.by", [column for column in by if column in self.table])
        for column in by:
            self._expect_type(f"{where}.by", column, _table(self.table.get(column, {"type": "category"})), GROUPS)
        self._check_expression(f"{where}.of", past.get("of"), self.table, f"column of {table}", "number", "truth")

    def _check_feature(self, where: str, names: list[str]) -> None:
        self._refer_all(where, names, self.known, "column")
        self.mistakes += [
            f"{where}: {name!r} is known only after the event (known = 'after'), and can't become a feature"
            for name in names
            if _table(self.known.get(name)).get("known") == "after"
        ]

    def _check_expression(
        self, where: str, text: Any, known: dict[str, Any], what: str = "", *wanted: expressions.Kind
    ) -> None:
        """That an expression refers to columns (if ``what`` they are is given), and to each as what it is."""
        names = _columns_of(text)
        if what:
            self._refer_all(where, names, known, what)
        types = {name: _table(known.get(name)).get("type", "number") for name in names if name in known}
        if not names or len(types) < len(names) or not all(found in KINDS for found in types.values()):
            return
        try:
            found = expressions.kind(text, {name: KINDS[one] for name, one in types.items()})
        except ValueError as error:
            self.mistakes.append(f"{where}: {error}")
            return
        if wanted and found not in wanted:
            words = expressions.WORDS
            which = " or ".join(words[one] for one in wanted)
            self.mistakes.append(f"{where}: must be {which}, and {text!r} is {words[found]}")

    def _check_sources(self) -> None:
        for name, source in self.sources.items():
            what = f"column of {name}"
            self._refer_all(f"sources.{name}.key", _list(source.get("key")), self.columns[name], what)
            time = str(source.get("time"))
            self._refer(f"sources.{name}.time", source.get("time"), self.columns[name], what)
            self._expect_type(
                f"sources.{name}.time", time, _table(self.columns[name].get(time, {"type": "time"})), ("time",)
            )
            for reason, written in _table(source.get("checks")).items():
                check = written.get("holds") if isinstance(written, dict) else written
                self._check_expression(f"sources.{name}.checks.{reason!r}", check, self.columns[name], what, "truth")

    def _expect_type(self, where: str, name: str, rules: dict[str, Any], types: tuple[str, ...]) -> None:
        found = rules.get("type", "number")
        if found not in types and found in get_args(Column.model_fields["type"].annotation):
            self.mistakes.append(f"{where}: {name!r} must be a {' or '.join(types)}; it is of type {found}")

    def _expect_types(self, where: str, names: list[Any], columns: dict[str, Any]) -> None:
        for name in names:
            if name in columns:
                self._expect_type(where, name, _table(columns[name]), KEYS)

    def _refer_all(self, where: str, names: list[Any], known: Collection[str], what: str) -> None:
        for name in names:
            self._refer(where, name, known, what)

    def _refer(self, where: str, name: Any, known: Collection[str], what: str) -> None:
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
