"""MLflow asked which runs were made from a raw file: as many runs as there are versions, each with what it read.

    python mlflow_runs.py STORE build|search RUNS SHA256

STORE is a tracking URI. What was read is logged by hand, as a parameter: MLflow knows no more of it than it is told.
"""

import logging
import sys

import mlflow

EXPERIMENT = "flights"


def build(runs: int, sha256: str) -> None:
    """Log the runs; every tenth read another file."""
    client = mlflow.MlflowClient()
    experiment = client.create_experiment(EXPERIMENT)
    for number in range(1, runs + 1):
        run = client.create_run(experiment)
        client.log_param(run.info.run_id, "raw", f"{number:064x}" if number % 10 == 0 else sha256)
        client.log_param(run.info.run_id, "version", number)
        client.log_metric(run.info.run_id, "roc_auc", 0.7)
        client.set_terminated(run.info.run_id)


def search(runs: int, sha256: str) -> None:
    """Print the versions that were made from the file."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    found = client.search_runs([experiment.experiment_id], f"params.raw = '{sha256}'", max_results=runs)
    print(sorted(int(run.data.params["version"]) for run in found))


if __name__ == "__main__":
    store, verb, runs, sha256 = sys.argv[1:]
    logging.disable(logging.WARNING)
    mlflow.set_tracking_uri(store)
    {"build": build, "search": search}[verb](int(runs), sha256)
