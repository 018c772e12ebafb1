"""Golden rows find every fault that is planted into an exported model, in whichever form it serves."""

import shutil
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from bundle import digest, golden, manifest
from bundle.contract import Contract, Input, columns_of
from bundle.golden import WrongAnswer
from bundle.manifest import Manifest, Verdict
from bundle.model import COMPILED, Model
from pipeline.encoding import Category, Encoding, Mean, Number, Target
from tests.networks import randomise
from tests.planted import Faulty, faults, unlike
from webapp.serving.version import Served

pytestmark = pytest.mark.slow

INPUTS = (
    Input(name="distance", type="number"),
    Input(name="load", type="number"),
    Input(name="month", type="number"),
    Input(name="carrier", type="category"),
    Input(name="tail", type="category"),
    Input(name="charter", type="boolean"),
    Input(name="departs", type="time"),
)
DERIVED = {"hour": "hour(departs)", "weekday": "weekday(departs)"}
TARGETS = {
    "binary": Target(task="binary", shares=(0.3,)),
    "multiclass": Target(task="multiclass", classes=("a", "żółć ✈", "z"), shares=(0.5, 0.25, 0.25)),
    "regression": Target(task="regression", mean=1e4, scale=250.0),
}
PLANES = pd.DataFrame(
    {
        "tail": [f"N{number}" for number in range(30)],
        "seats": [50.0 + 7 * number for number in range(30)],
        "maker": [("Airbus", "Boeing", "Embraer", None)[number % 4] for number in range(30)],
    }
)
CARRIERS = tuple(f"C{number}" for number in range(12))
NUMBERS = {
    "distance": (900.0, 700.0), "load": (0.8, 0.2), "month": (7.0, 6.0), "hour": (13.0, 8.0), "weekday": (3.0, 3.0),
    "planes.seats": (150.0, 100.0),
}  # fmt: skip
KNOWN = Encoding(
    target=TARGETS["binary"],
    numbers=tuple(
        Number(name=name, median=low, scale=wide, missing=True, edges=(low, low + wide))
        for name, (low, wide) in NUMBERS.items()
    ),
    categories=(
        Category(name="carrier", vocabulary=CARRIERS),
        Category(name="charter", vocabulary=("false", "true")),
        Category(name="planes.maker", vocabulary=("Airbus", "Boeing")),
    ),
)


@dataclass(frozen=True)
class Plan:
    """What a model is exported from; a fault is a plan with a part that is not as it was in training."""

    task: str = "binary"
    known: Encoding = KNOWN
    trained: Encoding = KNOWN
    planes: pd.DataFrame = field(default_factory=PLANES.copy)
    zone: str = "America/New_York"
    seed: int = 0
    threshold: float = 0.5
    classes: tuple[str, ...] = TARGETS["multiclass"].classes

    @property
    def contract(self) -> Contract:
        from pipeline import contracts

        return Contract(
            inputs=INPUTS,
            outputs=contracts.outputs(TARGETS[self.task]),
            threshold=self.threshold if self.task == "binary" else None,
            classes=self.classes if self.task == "multiclass" else (),
        )

    @property
    def derive(self):
        from pipeline import civil
        from pipeline.preprocessing import Derive

        kinds = dict.fromkeys(NUMBERS, "number") | dict.fromkeys(("carrier", "charter", "planes.maker"), "category")
        tables = {"planes": (("tail",), ("tail",), self.planes)}
        return Derive(kinds, DERIVED, tables, zone=civil.zone(self.zone))

    def export(self, folder, *, compiled=False) -> None:
        """The model, and its compiled form where that is asked for."""
        from pipeline import export, hyperparameters, network
        from pipeline.preprocessing import Encode

        known, derive = self.known.model_copy(update={"target": TARGETS[self.task]}), self.derive
        model = network.build(known, hyperparameters.Hyperparameters(width=16, depth=2), seed=0)
        randomise(model, self.trained, self.seed)
        export.save(folder, derive, Encode(known), model, known, self.contract)
        if compiled:
            export.compile_beside(folder, derive, Encode(known), model, known, self.contract)


def rows(count=3000):
    """Rows as clients send them; some values are missing."""
    random = np.random.default_rng(1)
    made = pd.DataFrame(
        {
            "distance": random.gamma(3, 400, count).round(1),
            "load": random.beta(4, 1, count).round(3),
            "month": random.integers(1, 13, count).astype(float),
            "carrier": random.choice(CARRIERS, count, p=np.arange(12, 0, -1) / 78),
            "tail": random.choice([*PLANES["tail"], "N99"], count),
            "charter": random.choice(["true", "false"], count, p=(0.1, 0.9)),
            "departs": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 525_000, count), unit="min"),
        }
    )
    made["departs"] = made["departs"].map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    missing = random.random(made.shape) < 0.02
    return made.astype(object).where(~missing, None).to_dict("records")


@pytest.fixture(scope="module", params=list(TARGETS))
def published(request, tmp_path_factory):
    """A sound version of each task, with its golden rows."""
    from pipeline import coverage, proof

    plan, folder = Plan(request.param), tmp_path_factory.mktemp(request.param)
    plan.export(folder, compiled=True)
    asked = rows()
    trained = Model(folder, plan.contract, "savedmodel").predict(columns_of(asked, plan.contract))[plan.contract.answer]
    known = coverage.known(KNOWN, plan.derive)
    proof.prove(folder, plan.contract, asked, trained, proof.tolerance(TARGETS[request.param]), known)
    return plan, publish(folder, plan.contract)


def publish(folder, contract, runtime="litert"):
    """Describe the version as if all its files were as they should be: no digest tells of a fault."""
    (folder / manifest.NAME).unlink(missing_ok=True)
    Manifest(
        name="planted", version=1, title="", problem="", made="2026-11-23T12:00:00+00:00", made_by="Tina",
        contract=contract, runtime=runtime, verdict=Verdict(verdict="PASS", clauses=()), metrics={}, lineage=(), raw=(),
        files=manifest.file_digests(folder),
    ).write(folder)  # fmt: skip
    return folder


def serve(folder):
    return Served(folder, "planted", 1, digest.of_file(folder / manifest.NAME))


def test_the_sound_version_serves(published):
    plan, folder = published
    assert serve(folder).contract == plan.contract


HARMLESS = ["tail: wrong imputation, nan as a text"]
"""A key that is missing and one that is not in the table look up the same."""


def test_every_fault_in_every_column_is_seen(published):
    plan, folder = published
    model, kept = Model(folder, plan.contract, "litert"), golden.read(folder)
    sound = columns_of(rows(), plan.contract)
    planted = [(name, change) for name, change in faults(plan.contract, sound) if unlike(change, sound)]
    assert len(planted) > 60
    assert [name for name, change in planted if not stopped(kept, Faulty(model, change))] == HARMLESS


IDS = tuple(f"id{number}" for number in range(1000))
OF_IDS = KNOWN.model_copy(
    update={
        "categories": (KNOWN.categories[0].model_copy(update={"vocabulary": IDS}), *KNOWN.categories[1:]),
        "numbers": tuple(
            one.model_copy(update={"edges": (0.0, 900.0, 6000.0)}) if one.name == "distance" else one
            for one in KNOWN.numbers
        ),
    }
)


TOLD = Mean(
    number=Number(name="carrier[1]", median=0.3, scale=0.1, missing=False, edges=(0.1, 0.2, 0.4, 0.6)),
    by_code=tuple(np.random.default_rng(0).uniform(0.1, 0.6, 1002)),
)
OF_TOLD_IDS = OF_IDS.model_copy(
    update={
        "categories": (
            OF_IDS.categories[0].model_copy(update={"embedded": 10, "means": (TOLD,)}),
            *OF_IDS.categories[1:],
        )
    }
)


@pytest.mark.parametrize("ids", [OF_IDS, OF_TOLD_IDS], ids=["embedded", "told"])
def test_every_fault_in_a_thousand_ids_and_in_the_largest_numbers_is_seen(tmp_path, ids):
    from pipeline import coverage, proof

    plan, random = Plan(known=ids, trained=ids), np.random.default_rng(2)
    plan.export(tmp_path, compiled=True)
    model = Model(tmp_path, plan.contract, "litert")
    few = [{**row, "carrier": random.choice(IDS[:300])} for row in rows(400)]
    few = [row for row in few if (row["distance"] or 0) < 3000]
    trained = Model(tmp_path, plan.contract, "savedmodel").predict(columns_of(few, plan.contract))["probability"]
    proof.prove(tmp_path, plan.contract, few, trained, known=coverage.known(ids, plan.derive))
    kept = golden.read(tmp_path)
    large = [{**row, "carrier": IDS[number % 1000]} for number, row in enumerate(rows())]
    for row in large[::50]:
        row["distance"] = 5000.0 + random.integers(1000)
    sound = columns_of(large, plan.contract)
    answers, planted, missed = model.predict(sound)["probability"], 0, []
    for name, change in faults(plan.contract, sound):
        if name.startswith(("carrier: ", "distance: ")):
            faulty = Faulty(model, change)
            if np.abs(faulty.predict(sound)["probability"] - answers).max() > kept.tolerance:
                planted += 1
                missed += [] if stopped(kept, faulty) else [name]
    assert missed == []
    assert planted > 100


def stopped(kept, model):
    try:
        kept.replay(model)
    except WrongAnswer:
        return True
    return False


def renumbered(**more):
    return {name: KNOWN.model_copy(update={"numbers": _with(name, more)}) for name in NUMBERS}


def _with(name, more):
    return tuple(
        one.model_copy(update={key: change(getattr(one, key)) for key, change in more.items()})
        if one.name == name
        else one
        for one in KNOWN.numbers
    )


def revised(place, vocabulary):
    categories = list(KNOWN.categories)
    categories[place] = categories[place].model_copy(update={"vocabulary": vocabulary})
    return KNOWN.model_copy(update={"categories": tuple(categories)})


PLANTED = {
    "two levels of a vocabulary exchanged": {"known": revised(0, (*CARRIERS[:-2], CARRIERS[-1], CARRIERS[-2]))},
    "a vocabulary sorted anew": {"known": revised(0, tuple(sorted(CARRIERS)))},
    "a vocabulary of another column": {"known": revised(2, ("false", "true"))},
    "another median": {"known": renumbered(median=lambda median: median + 1)["distance"]},
    "another scale": {"known": renumbered(scale=lambda scale: scale * 1.01)["load"]},
    "numbers in another order": {"known": KNOWN.model_copy(update={"numbers": KNOWN.numbers[::-1]})},
    "a clip that was not there": {"known": renumbered(clip=lambda _: (0.0, 1000.0))["distance"]},
    "another time zone": {"zone": "UTC"},
    "a look-up table in another order": {"planes": PLANES.assign(tail=PLANES["tail"].to_numpy()[::-1])},
    "a look-up table without its last row": {"planes": PLANES[:-1]},
    "other weights": {"seed": 1},
}
OF_TASK = {
    "binary": PLANTED | {"another threshold": {"threshold": 0.51}},
    "multiclass": {"classes in another order": {"classes": ("z", "żółć ✈", "a")}},
    "regression": {"other weights": {"seed": 1}},
}
"""What comes before the network is the same graph whatever it answers, and so is planted once."""


def test_every_fault_that_is_exported_is_stopped_at_load(published, tmp_path):
    plan, sound = published
    for number, (name, fault) in enumerate(OF_TASK[plan.task].items()):
        folder = tmp_path / str(number)
        Plan(plan.task, **fault).export(folder)
        golden.read(sound).write(folder)
        publish(folder, plan.contract, "savedmodel")
        assert not starts(folder), name


def starts(folder):
    try:
        serve(folder)
    except WrongAnswer:
        return False
    return True


@pytest.mark.parametrize("published", ["binary", "multiclass"], indirect=True)
def test_a_contract_that_tells_another_decision_is_stopped(published, tmp_path):
    plan, sound = published
    told = {"threshold": 0.52} if plan.task == "binary" else {"classes": ("z", "żółć ✈", "a")}
    folder = shutil.copytree(sound, tmp_path / "version")
    publish(folder, plan.contract.model_copy(update=told))
    with pytest.raises(WrongAnswer, match="must be decided"):
        serve(folder)


@pytest.mark.parametrize("published", ["binary"], indirect=True)
def test_another_compiled_form_beside_the_right_model_is_stopped(published, tmp_path):
    plan, sound = published
    Plan(plan.task, seed=1).export(tmp_path / "other", compiled=True)
    folder = shutil.copytree(sound, tmp_path / "version")
    shutil.copy(tmp_path / "other" / COMPILED, folder / COMPILED)
    publish(folder, plan.contract)
    assert not starts(folder)
