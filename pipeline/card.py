"""The model card: what a version is for, how good it is and where its limits are, in Markdown made from the facts.

The sections are those of Mitchell et al. 2019, "Model Cards for Model Reporting". What people say comes from
``[notes]`` of the problem file, and so stands in every later card. The head is what the Hugging Face hub reads
(``library_name``, ``model-index``), so that other tools can list it.
"""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bundle.contract import in_words
from bundle.manifest import Manifest
from pipeline import report
from pipeline.problem import JUDGED, Notes
from pipeline.significance import CHANCE, MIN_ROWS
from pipeline.slices import surest

NAME = "card.md"
WORST = 5
"""Slices that are named."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")

Facts = Mapping[str, Any]


def render(described: Manifest, notes: Notes, evaluation: Facts, profile: Facts, trials: Facts, history: Facts) -> str:
    """The card of a version; the same facts give the same bytes.

    Args:
        evaluation: what Evaluate measured on the hold-out.
        profile: what Encode tells of the features, those among them that it left out.
        trials: the hyperparameters that were tried, and the best.
        history: how the finalists of these learned.
    """
    # Markdown, not HTML: what comes from data is written as text by ``cell``, and notes are the team's own Markdown.
    environment = Environment(loader=PackageLoader("pipeline"), trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    environment.undefined = StrictUndefined
    environment.filters |= {
        "cell": cell,
        "clause": report.in_words,
        "limit": report.limit,
        "moment": report.moment,
        "number": report.number,
        "share": report.share,
        "taken": in_words,
        "label": label,
    }
    return environment.get_template("card.md.j2").render(
        one=described,
        notes=notes,
        evaluation=evaluation,
        judged=JUDGED[described.contract.task],
        worst=worst(evaluation),
        min_rows=MIN_ROWS,
        left_out=[feature for feature in profile["features"] if not feature["kept"]],
        trials=trials,
        history=history,
        head=head(described, notes),
    )


def head(described: Manifest, notes: Notes) -> dict[str, Any]:
    """What machines read of the card."""
    kind = f"tabular-{'regression' if described.contract.task == 'regression' else 'classification'}"
    told = {name: figure["value"] for name, figure in described.metrics.items() if figure["value"] is not None}
    result = {
        "task": {"type": kind},
        "dataset": {"name": described.name, "type": described.name, "split": "test"},
        "metrics": [{"type": name, "name": label(name), "value": round(value, 6)} for name, value in told.items()],
    }
    return {
        "library_name": "keras",
        "pipeline_tag": kind,
        **({"license": notes.license} if notes.license else {}),
        "tags": [kind, "plumbline", *(["litert"] if described.runtime == "litert" else [])],
        "datasets": sorted({raw.source for raw in described.raw}),
        "metrics": list(told),
        "model-index": [{"name": f"{described.name}-{described.version}", "results": [result]}],
    }


def worst(evaluation: Facts) -> list[tuple[str, Facts]]:
    """The slices on which the model does worse by more than chance: the column and the slice, the surest first."""
    metric = JUDGED[evaluation["task"]]
    overall = evaluation["metrics"][metric]["value"]
    found = surest(evaluation["slices"], metric, overall) if overall is not None else []
    return [(column, slice_) for likely, column, slice_ in found if likely < CHANCE][:WORST]


def label(metric: str) -> str:
    """A metric as people write it."""
    return report.METRICS[metric].label if metric in report.METRICS else metric.replace("_", " ")


def cell(value: object) -> str:
    """A value as text in a line or a table of Markdown, whatever it holds."""
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
