"""Trials on other machines, by Keras Tuner's own protocol: a run is the chief, and workers ask it for trials.

``KERASTUNER_ORACLE_IP`` and ``KERASTUNER_ORACLE_PORT`` say where the chief listens; ``KERASTUNER_TUNER_ID`` says who
one is: ``chief``, or a name of one's own. The space holds the digest of the search, so that nobody takes part in
another.
"""

import os
from pathlib import Path

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from pipeline.errors import StageError
from pipeline.tuning import attempts
from pipeline.tuning.attempts import Work
from pipeline.tuning.oracle import LOSS, SEARCH

CHIEF = "chief"
PLACE = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


def is_chief() -> bool:
    """Whether this run is the chief of workers elsewhere.

    Raises:
        StageError: it is to be one of the workers.
    """
    told = {name: os.environ.get(name, "") for name in PLACE}
    if not any(told.values()):
        return False
    _check(told, f"{CHIEF} for a run; what takes part in its search is `python -m pipeline trials`", CHIEF in _name())
    return True


def take_part(key: str, trials: int, work: Work, folder: Path) -> int:
    """Run trials of the chief's search, until there are no more; how many they were.

    Raises:
        StageError: nobody said where the chief is, or its search is another.
    """
    told = {name: os.environ.get(name, "") for name in PLACE}
    _check(told, "a name of the worker's own", _name() and CHIEF not in _name())
    oracle = keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective(LOSS, "min"), trials)
    chief = BaseTuner(oracle, directory=str(folder), project_name=_name()).oracle
    theirs = chief.get_space().values.get(SEARCH)
    if theirs != key:
        raise StageError(
            f"The chief's search must be made of the same data, settings and code, and is {theirs}: here it is {key}."
        )
    return attempts.run(chief, [_name()], work, lambda: False)


def _name() -> str:
    return os.environ.get("KERASTUNER_TUNER_ID", "")


def _check(told: dict[str, str], name: str, named: object) -> None:
    missing = [f"{variable} must say where the chief listens" for variable, value in told.items() if not value]
    wrong = [] if named else [f"KERASTUNER_TUNER_ID must be {name}, and is {_name() or 'not set'}"]
    if missing or wrong:
        raise StageError("; ".join([*missing, *wrong]) + ".")
