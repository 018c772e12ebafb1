"""The model card: what a version is for, how good it is and where its limits are, in Markdown made from the manifest.

The head is what the Hugging Face hub reads (``library_name``, ``model-index``), so that other tools can list it.
"""

from jinja2 import Environment, PackageLoader

from bundle.manifest import Manifest

NAME = "card.md"
NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "macro_f1": "macro F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "median_error": "median error",
    "p90_error": "error of nine tenths",
    "mape": "MAPE",
    "r2": "R²",
}


def render(manifest: Manifest) -> str:
    """The card of a version."""
    # Markdown, not HTML: names and titles come from the team's own problem file.
    environment = Environment(loader=PackageLoader("pipeline"), trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    return environment.get_template("card.md.j2").render(one=manifest, names=NAMES)
