"""The report of a published model version: one HTML page that needs nothing beside itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from bundle import figure
from bundle.figure import UNKNOWN, counted
from pipeline import class_figures, figures, input_figures, number_figures
from pipeline.problem import JUDGED, LOSS
from pipeline.strips import DARK, PALETTE

Facts = Mapping[str, Any]  # as read from a JSON file

TEMPLATES = Path(__file__).parent / "templates"
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class ReportFacts:
    """All that the report of one model version tells.

    title       the question that the model answers
    name        the model's name
    version     its version
    made        when it was made, an ISO time
    key         the digest that names everything it was made from
    verdict     {"verdict", "clauses": [{"clause", "kind", "slice", "why", "value", "low", "high", "threshold",
                "state"}],
                "live", "policy", "data", "code"}, as the manifest has it
    evaluation  on the held-out rows, as Evaluate leaves it: {"task", "rows", "level", "metrics", "baselines",
                "against", "slices", "curves", "runtime"} and what the task has; a metric is
                {"value", "low", "high"}, or None where the rows can't tell it
    notes       {"owners", "license", "uses", "limitations", "ethics", "remarks"}: what people say, in Markdown
    windows     [{"split", "rows", "positives", "first", "last"}]: what it was trained on, chosen with and judged by
    hold_out    {"reads", "models"}: how often the held-out rows had been read, with how many models
    profile     {"max_psi", "features": [{"name", "kind", "psi", "missing", "kept", "reason"}]}
    trials      {"objective", "best",
                "trials": [{"id", "status", "score", "seconds", "hyperparameters", "curve"}]}
    history     {"trial", "finalists": [{"trial", "epochs", "val_loss"}], "best_epoch" from 0,
                "epochs": [{"loss", "val_loss"}]}
    stages      [{"stage", "source", "rows_in", "rows_out", "seconds", "notes"}]
    lineage     [{"stage", "source", "key", "content", "code"}]
    sources     [{"source", "path", "sha256"}]
    """

    title: str
    name: str
    version: int
    made: str
    key: str
    verdict: Facts
    evaluation: Facts
    notes: Facts
    windows: Sequence[Facts]
    hold_out: Facts
    profile: Facts
    trials: Facts
    history: Facts
    stages: Sequence[Facts]
    lineage: Sequence[Facts]
    sources: Sequence[Facts]


@dataclass(frozen=True)
class Metric:
    """A metric as the report speaks of it."""

    name: str
    label: str
    meaning: str
    lower_is_better: bool = False


RANKING = (
    Metric("roc_auc", "ROC AUC", "how often a positive row ranks above a negative one"),
    Metric("pr_auc", "PR AUC", "precision, averaged over all recalls"),
    Metric(
        "log_loss",
        "Log loss",
        "how far the probabilities are off; sure mistakes cost most",
        lower_is_better=True,
    ),
    Metric("brier", "Brier score", "the probabilities' mean squared error", lower_is_better=True),
    Metric(
        "ece",
        "Calibration error",
        "how far the shares that come true are from the probabilities, on average",
        lower_is_better=True,
    ),
)
DECISION = (
    Metric("recall", "Recall", "the share of the positive rows that it finds"),
    Metric("precision", "Precision", "the share of its positive answers that are right"),
    Metric("f1", "F1", "the harmonic mean of recall and precision"),
    Metric("accuracy", "Accuracy", "the share of all answers that are right"),
    Metric("balanced_accuracy", "Balanced accuracy", "the share that is right of each actual answer, averaged"),
)
LABELS = (
    *DECISION[-2:],
    Metric("macro_f1", "Macro F1", "the harmonic mean of recall and precision, averaged over the classes"),
    Metric("roc_auc", "ROC AUC", "how often a row of a class ranks above another one, averaged over the classes"),
    *RANKING[-3:],
)
NUMBERS = (
    Metric("rmse", "RMSE", "the root of the mean squared error; large errors cost most", lower_is_better=True),
    Metric("mae", "Mean absolute error", "how far it is off, on average", lower_is_better=True),
    Metric("median_error", "Median error", "half of the answers are less far off", lower_is_better=True),
    Metric("p90_error", "Error of nine tenths", "nine tenths of the answers are less far off", lower_is_better=True),
    Metric("mape", "MAPE", "how far it is off, as a part of the value, on average", lower_is_better=True),
    Metric("r2", "R²", "the share of the variance that it explains"),
)
COSTS = (
    Metric("latency_ms", "Milliseconds for a row", "the median, as it is served", lower_is_better=True),
    Metric("size_mb", "Megabytes", "of the model's files", lower_is_better=True),
)
METRICS = {metric.name: metric for metric in (*LABELS, *RANKING, *DECISION, *NUMBERS, *COSTS)}
TOLD = {
    "binary": ("roc_auc", "log_loss", "recall", "precision"),
    "multiclass": ("accuracy", "macro_f1", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
"""The metrics that the table of slices has room for."""

LONG, LARGEST = 1e4, 1e15
"""A number has digits behind the point below the one, and all of those before it below the other."""
TOLD_COLUMNS = 6
"""Columns of a row that are shown beside each other."""


def render(facts: ReportFacts) -> str:
    """The report as one HTML page; the same facts give the same bytes."""
    return (
        pages()
        .get_template("report.html.j2")
        .render(
            asdict(facts),
            palette=PALETTE,
            dark=DARK,
            pictures=_pictures(facts),
            summary=_summary(facts),
            groups=_metric_groups(facts.evaluation),
            judged=METRICS[JUDGED[facts.evaluation["task"]]],
            told=[METRICS[name] for name in TOLD[facts.evaluation["task"]]],
            side=_side,
            slices={column: figures.by_rows(values) for column, values in facts.evaluation["slices"].items()},
            most_values=figures.MOST_VALUES,
            most_columns=input_figures.MOST_COLUMNS,
            most_classes=input_figures.MOST_CLASSES,
            told_columns=_told_columns(facts.evaluation),
            runs=_best_first(facts.trials),
            taken=next(run for run in facts.trials["trials"] if run["id"] == facts.history["trial"]),
            hyperparameters=_hyperparameters(facts.trials),
            features=sorted(facts.profile["features"], key=lambda feature: (feature["kept"], -feature["psi"])),
        )
    )


def pages() -> jinja2.Environment:
    """Where templates of pages become pages: whatever is put into them is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "share": share,
        "signed": _signed,
        "state": _state,
        "duration": _duration,
        "moment": moment,
        "words": _words,
        "clause": in_words,
        "setting": _setting,
        "markdown": _markdown,
        "value": _value,
        "brief": _brief,
        "limit": limit,
    }
    return environment


def _pictures(facts: ReportFacts) -> dict[str, Any]:
    evaluation = facts.evaluation
    metric = METRICS[JUDGED[evaluation["task"]]]
    overall, low = evaluation["metrics"].get(metric.name), metric.lower_is_better
    by_slice = {
        column: figures.slices(column, values, overall, metric.name, metric.label, low=low)
        for column, values in evaluation["slices"].items()
    }
    return {
        "clauses": [_clause_picture(place, clause) for place, clause in enumerate(facts.verdict["clauses"])],
        **_behaviour(evaluation),
        **_rests_on(evaluation),
        "learning": figures.learning(facts.history),
        "trial_scores": figures.trial_scores(facts.trials),
        "trial_curves": figures.trial_curves(facts.trials),
        "slices": by_slice,
        "drift": figures.drift(facts.profile),
    }


def _behaviour(evaluation: Facts) -> dict[str, str]:
    drawn: tuple[Callable[[Facts], str], ...]
    if evaluation["task"] == "multiclass":
        drawn = (class_figures.confusion, class_figures.recall, class_figures.calibration)
    elif evaluation["task"] == "regression":
        drawn = (number_figures.predicted, number_figures.residuals, number_figures.errors)
    else:
        drawn = (figures.roc, figures.precision_recall, figures.calibration, figures.confusion)
    return {picture.__name__: picture(evaluation) for picture in drawn}


def _rests_on(evaluation: Facts) -> dict[str, Any]:
    important, followed = evaluation["importance"], evaluation["dependence"]
    answer = {"binary": "Mean probability", "multiclass": "Mean probability", "regression": "Mean prediction"}
    told = METRICS["mae" if evaluation["task"] == "regression" else "log_loss"].label
    names = input_figures.lines(evaluation)
    reach = input_figures.reach(followed, names)
    return {
        "importance": input_figures.importance(important, told if told.isupper() else told.lower()),
        "dependence": {
            one["column"]: input_figures.dependence(one, answer[evaluation["task"]], names, reach) for one in followed
        },
    }


def _clause_picture(place: int, clause: Facts) -> str:
    known = None not in (clause["value"], clause["low"], clause["high"])
    return figures.interval(f"clause-{place}", clause) if known else ""


def _summary(facts: ReportFacts) -> list[str]:
    """What the numbers say, in sentences."""
    sentences = [
        _requirements_sentence(facts.verdict),
        *ANSWERS[facts.evaluation["task"]](facts.evaluation),
        _baselines_sentence(facts.evaluation),
        _worst_sentence(facts.evaluation["worst_slice"]),
    ]
    return [sentence for sentence in sentences if sentence]


def _requirements_sentence(verdict: Facts) -> str:
    clauses = verdict["clauses"]
    if not clauses:
        return "No requirements were declared."
    whole = "its only requirement" if len(clauses) == 1 else f"all {len(clauses)} requirements"
    if verdict["verdict"] == "PASS":
        return f"The model meets {whole}."
    failed, untold = (_with_state(clauses, state) for state in ("FAIL", "NOT ENOUGH EVIDENCE"))
    parts = []
    if failed:
        parts.append(f"the model fails {len(failed)} of {counted(len(clauses), 'requirement')} ({'; '.join(failed)})")
    if untold:
        reasons = [one["why"] for one in clauses if one["state"] == "NOT ENOUGH EVIDENCE"]
        what = "there is not enough evidence on" if any(reasons) else "the held-out rows are too few to settle"
        told = [f"{words}: {why}" if why else words for words, why in zip(untold, reasons, strict=True)]
        parts.append(f"{what} {len(untold)} of {counted(len(clauses), 'requirement')} ({'; '.join(told)})")
    return _capital(", and ".join(parts)) + "." if parts else ""


def _with_state(clauses: Sequence[Facts], state: str) -> list[str]:
    return [in_words(clause["clause"]) for clause in clauses if clause["state"] == state]


def _binary_sentences(evaluation: Facts) -> list[str]:
    return [_ranking_sentence(evaluation), _decision_sentence(evaluation)]


def _multiclass_sentences(evaluation: Facts) -> list[str]:
    rows = f"On {evaluation['rows']:,} held-out rows of {len(evaluation['classes'])} classes"
    right = f"{_estimated(evaluation, 'accuracy', '{:.1%}')} of its answers are right"
    told = [one for one in evaluation["classes"] if one["recall"] is not None]
    if not told:
        return [f"{rows}, {right}."]
    worst = min(told, key=lambda one: (one["recall"], one["label"]))
    return [f"{rows}, {right}; of “{worst['label']}” it finds {share(worst['recall'])}, the least of all."]


def _regression_sentences(evaluation: Facts) -> list[str]:
    rows = f"On {evaluation['rows']:,} held-out rows, {evaluation['mean']:.4g} on average,"
    off = f"it is off by {_estimated(evaluation, 'mae', '{:.4g}')} on average"
    r2 = evaluation["metrics"]["r2"]
    explained = f" and explains {share(r2['value'])} of the variance" if r2["value"] is not None else ""
    return [f"{rows} {off}{explained}."]


def _estimated(evaluation: Facts, metric: str, form: str) -> str:
    told = evaluation["metrics"][metric]
    if told["low"] is None:
        return form.format(told["value"])
    value, low, high = (form.format(told[part]) for part in ("value", "low", "high"))
    return f"{value} ({evaluation['level']:.0%} interval {low} to {high})"


ANSWERS = {
    "binary": _binary_sentences,
    "multiclass": _multiclass_sentences,
    "regression": _regression_sentences,
}


def _ranking_sentence(evaluation: Facts) -> str:
    positive = share(evaluation["positives"] / evaluation["rows"])
    rows = f"On {evaluation['rows']:,} held-out rows, {positive} positive,"
    estimate = evaluation["metrics"].get("roc_auc")
    if estimate is None:
        return f"{rows} its ranking can't be told."
    value, low, high = (number(estimate[part]) for part in ("value", "low", "high"))
    return (
        f"{rows} it ranks a positive row above a negative one {share(estimate['value'])} of the time "
        f"(ROC AUC {value}, {evaluation['level']:.0%} interval {low} to {high})."
    )


def _decision_sentence(evaluation: Facts) -> str:
    recall, precision = (evaluation["metrics"].get(name) for name in ("recall", "precision"))
    if recall is None or precision is None:
        return ""
    if precision["value"] is None:
        return f"No held-out row reaches its threshold of {evaluation['threshold']:.3g}: it says yes to none."
    return (
        f"At its threshold of {evaluation['threshold']:.3g} it finds {share(recall['value'])} "
        f"of the positive rows, and {share(precision['value'])} of the rows it marks are positive."
    )


def _baselines_sentence(evaluation: Facts) -> str:
    metric = METRICS[LOSS[evaluation["task"]]]
    parts = []
    for name, differences in evaluation["against"].items():
        difference = differences.get(metric.name)
        verbs = {"better": "are better than", "worse": "are worse than", "even": "can't be told apart from"}
        if difference is not None and difference["low"] is not None:
            label = metric.label if metric.label.isupper() else metric.label.lower()
            by = f" ({label} {_signed(difference['value'])})"
            parts.append(f"{verbs[_side(metric, difference)]} those of the {_words(name)} baseline{by}")
    what = "answers" if evaluation["task"] == "regression" else "probabilities"
    return f"Its {what} {' and '.join(filter(None, [', '.join(parts[:-1]), parts[-1]]))}." if parts else ""


def _worst_sentence(worst: Facts | None) -> str:
    if worst is None or not worst["worse"]:
        return ""
    metric = METRICS[worst["metric"]]
    interval = "{}, {} to {}".format(*(number(worst["figure"][part]) for part in ("value", "low", "high")))
    return (
        f"Of all slices it serves worst the {worst['rows']:,} rows where {worst['column']} is "
        f"“{worst['value']}” ({metric.label} {interval}; over all rows {number(worst['overall'])})."
    )


def _metric_groups(evaluation: Facts) -> list[tuple[str, list[Metric]]]:
    """The metrics that were measured, under the headings of the table."""
    groups: dict[str, tuple[Metric, ...]]
    if evaluation["task"] == "binary":
        threshold = f"Decisions at the threshold {evaluation['threshold']:.3g}"
        groups = {"Ranking and probabilities": RANKING, threshold: DECISION}
    elif evaluation["task"] == "multiclass":
        groups = {"Labels and probabilities": LABELS}
    else:
        groups = {"Errors": NUMBERS}
    return [
        (heading, [metric for metric in metrics if metric.name in evaluation["metrics"]])
        for heading, metrics in groups.items()
    ]


def _side(metric: Metric, difference: Facts) -> str:
    """Whether a paired difference, the model's minus the baseline's, says that the model is better."""
    if difference["low"] <= 0 <= difference["high"]:
        return "even"
    return "better" if (difference["value"] < 0) == metric.lower_is_better else "worse"


def _best_first(trials: Facts) -> list[Facts]:
    """The trials by score, whether the objective wants it low or high; those without one last."""
    scores = {run["id"]: run["score"] for run in trials["trials"] if run["score"] is not None}
    direction = 1 if scores and scores.get(trials["best"]) == min(scores.values()) else -1
    return sorted(trials["trials"], key=lambda run: (run["id"] not in scores, direction * scores.get(run["id"], 0.0)))


def _told_columns(evaluation: Facts) -> list[str]:
    """The columns of a row that a table has room for: the most important ones."""
    return [one["column"] for one in evaluation["importance"][:TOLD_COLUMNS]]


def _hyperparameters(trials: Facts) -> list[str]:
    return list(dict.fromkeys(name for run in trials["trials"] for name in run["hyperparameters"]))


def number(value: float | None, digits: int = 3) -> str:
    """A figure with so many digits behind the point, or of a small one with three that tell something."""
    return figure.shown(value, digits).replace("-", MINUS)


def _signed(value: float) -> str:
    return figure.shown(value, sign="+").replace("-", MINUS)


def share(value: float | None) -> str:
    """A share in per cent."""
    return UNKNOWN if value is None else f"{value:.1%}"


def _state(state: str) -> str:
    """The CSS class of a verdict."""
    return {"PASS": "pass", "FAIL": "fail"}.get(state, "unsure")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def moment(iso: str) -> str:
    """A time to the minute, in UTC."""
    when = datetime.fromisoformat(iso)
    return f"{when.astimezone(UTC) if when.tzinfo else when:%Y-%m-%d %H:%M} UTC"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _setting(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _markdown(text: str) -> Markup:
    """Markdown as HTML; HTML that stands in it is shown as text, and a link leads to no script."""
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))  # noqa: S704 - it was escaped


def limit(value: float) -> str:
    """A threshold, as short as it is."""
    return f"{value:.4g}".replace("-", MINUS)


def _value(value: object) -> str:
    """A value of a row."""
    if value is None:
        return UNKNOWN
    return f"{value:.7g}".replace("-", MINUS) if isinstance(value, float | int) else str(value)


def _brief(value: object) -> str:
    """A value of a row in a table: a number that is not whole has four digits."""
    if isinstance(value, float) and not value.is_integer() and abs(value) < LONG:
        return f"{value:.4g}".replace("-", MINUS)
    return f"{value:.0f}".replace("-", MINUS) if isinstance(value, float) and abs(value) < LARGEST else _value(value)


def in_words(text: str) -> str:
    """A clause as the contract states it, with its metric's name as people write it."""
    name, space, rest = text.partition(" ")
    label = METRICS[name].label if name in METRICS else name
    return f"{label}{space}{rest}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
