"""A data folder with a history: small versions with whole chains of receipts, decisions about them, and answers."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bundle import decisions, digest, identity
from bundle import manifest as manifests
from bundle.contract import Contract, Input, Output
from bundle.decisions import Decided
from bundle.manifest import Clause, Manifest, Raw, Verdict, Window
from bundle.monitoring import OUTCOMES, SERVED
from pipeline import receipts
from pipeline.receipts import Made, Receipt
from webapp import pointer as pointers
from webapp.monitoring.append import append
from webapp.monitoring.prediction_log import Entry, line
from webapp.pointer import Pointer

FIRST = datetime(2026, 11, 1, 10, tzinfo=UTC)
SOURCES = ("flights", "weather")
ROWS = {
    "Collect": (None, 1000),
    "Clean": (1000, 990),
    "Features": (990, 980),
    "Train": (700, None),
    "Evaluate": (200, None),
}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class History:
    """What one run after the other left, and what was decided and answered in between."""

    data: Path
    decided: list[Decided] = field(default_factory=list)

    @property
    def raw(self) -> Path:
        """Where the raw files are."""
        return self.data.parent / "raw"

    def publish(
        self, number: int, model: str = "flights", weather: str = "rain", trials: int = 4, **more
    ) -> list[Receipt]:
        """Leave a version that was made from the flights and this weather; its receipts."""
        self.raw.mkdir(exist_ok=True)
        for source, text in (("flights", "UA 1545"), ("weather", weather)):
            (self.raw / f"{source}.csv").write_text(text)
        made: dict[str, Receipt] = {}
        for source in SOURCES:
            path = self.raw / f"{source}.csv"
            raw = {"raw": Made(path=str(path), key=None, content=digest.of_file(path))}
            collected = self._step("Collect", source, {"sources": {source: {"path": str(path)}}}, raw, number, **more)
            made[f"Collect {source}"] = collected
            made[f"Clean {source}"] = self._step("Clean", source, {}, {"raw": _made(collected)}, number, **more)
        cleaned = {source: _made(made[f"Clean {source}"]) for source in SOURCES}
        for stage, settings, needs in (
            ("Features", {"features": {"columns": ["distance", "humid"]}}, cleaned),
            ("Train", {"search": {"trials": trials}, "seed": 7}, {"features": "Features"}),
            ("Evaluate", {"seed": 7}, {"features": "Features", "model": "Train"}),
            ("Publish", {"name": model}, {"features": "Features", "model": "Train", "evaluation": "Evaluate"}),
        ):
            inputs = {name: _made(made[one]) if isinstance(one, str) else one for name, one in needs.items()}
            made[stage] = self._step(stage, "", settings, inputs, number, **more)
        *chain, published = made.values()
        folder = self.folder(number, model)
        (folder / "assets.extra").mkdir(parents=True)
        receipts.write_chain(chain, folder)
        receipts.write(folder, published)
        _manifest(model, number, chain, trials).write(folder)
        return [*chain, published]

    def folder(self, number: int, model: str = "flights") -> Path:
        return self.data / "models" / model / str(number)

    def decide(self, verb: str, number: int, model: str = "flights", reason: str = "It is better.") -> Decided:
        """Leave a decision, and the pointer that it leads to."""
        sequence = len(self.decided) + 1
        manifest = digest.of_file(self.folder(number, model) / manifests.NAME)
        at = FIRST + timedelta(days=sequence)
        decided = Decided(
            sequence=sequence, verb=verb, model=model, version=number, digest=manifest,
            by="ada", at=at, reason=reason, hash=sha256(str(sequence)),
        )  # fmt: skip
        self.decided.append(decided)
        append(decisions.place(self.data, model), decided.model_dump_json().encode() + b"\n")
        if verb in decisions.GOES_LIVE:
            pointer = Pointer(
                name=model, live=number, served={number: manifest}, labels={"live": number},
                decided_by="ada", reason=reason, decided_at=at.isoformat(), sequence=sequence,
            )  # fmt: skip
            pointers.write(self.data / "serving", pointer, "secret")
        else:
            pointers.withdraw(self.data / "serving", model)
        return decided

    def answer(self, number: int, rows: int = 2, model: str = "flights", after: timedelta = timedelta(0)) -> str:
        """Leave an answer among others of its day; its id."""
        moment = FIRST + timedelta(days=len(self.decided)) + after
        about = FIRST - timedelta(days=1)
        entries = []
        for distance in (100.0, 200.0, 300.0):
            inputs = {
                "distance": np.array([distance + row for row in range(rows)]),
                "carrier": np.array([b"UA"] * rows, object),
            }
            answers = {"probability": np.linspace(0.25, 0.5, rows), "decision": np.zeros(rows, int)}
            seconds = (about.timestamp(), moment.timestamp())
            made = identity.make(int(seconds[0] * 1000))
            entries.append(Entry(made, model, number, inputs, answers, *seconds))
        append(self.data / SERVED / model / f"{about:%Y-%m-%d}" / "server-1.jsonl", line(entries))
        return entries[1].identity

    def tell(
        self, answer: str, row: int, value: float, at: str = "2026-11-09T10:00:00Z", model: str = "flights"
    ) -> None:
        """Leave the outcome of a row of an answer."""
        day = f"{identity.moment(answer):%Y-%m-%d}"
        told = f'{{"id":"{answer}","row":{row},"value":{value},"at":"{at}"}}\n'
        append(self.data / OUTCOMES / model / day / "server-1.jsonl", told.encode())

    def _step(
        self, stage: str, source: str, settings: dict, made_from: dict[str, Made], number: int,
        code: str = "", made_by: str = "tom", revision: str = "",
        modules: dict[str, str] | None = None,
    ) -> Receipt:  # fmt: skip
        rows_in, rows_out = ROWS.get(stage, (None, None))
        receipt = Receipt(
            stage=stage,
            function=f"pipeline.{stage.lower()}:make",
            problem="flights",
            source=source,
            key="",
            content=digest.of_json([stage, source, settings, code, [made.content for made in made_from.values()]]),
            settings=settings,
            made_from=made_from,
            code={f"pipeline.{stage.lower()}": sha256(stage + code), "pipeline.receipts": sha256("receipts")}
            | (modules or {}),
            libraries={"pandas": "3.1.1"},
            revision=revision,
            environment={"python": "3.11.7", "system": "Linux"},
            made_by=made_by,
            run=f"run-{number}",
            started=(FIRST + timedelta(minutes=number)).isoformat(),
            seconds=1.5,
            peak_memory_bytes=1,
            rows_in=rows_in,
            rows_out=rows_out,
            notes=[],
            measured={},
            files={},
        )
        return receipt.model_copy(update={"key": receipts.key_of(receipt)})


def _made(receipt: Receipt) -> Made:
    path = "/".join(filter(None, ("flights", receipt.stage.lower(), receipt.source, receipt.key)))
    return Made(path=path, key=receipt.key, content=receipt.content)


def _manifest(model: str, number: int, chain: list[Receipt], trials: int) -> Manifest:
    value = 0.6 + trials / 100
    state = "PASS" if trials > 2 else "FAIL"
    clause = Clause(clause="roc_auc at least 0.63", value=value, low=value, high=value, threshold=0.63, state=state)
    raws = {step.source: made for step in chain for made in step.made_from.values() if made.key is None}
    return Manifest(
        name=model,
        version=number,
        title="Will it be late?",
        problem="arr_delay > 15",
        made=(FIRST + timedelta(minutes=number)).isoformat(),
        made_by="tom",
        contract=Contract(
            inputs=(Input(name="distance", type="number"),),
            outputs=(Output(name="probability", type="number", meaning="of yes"),),
            threshold=0.5,
        ),
        runtime="litert",
        verdict=Verdict(verdict=state, clauses=(clause,)),
        metrics={"roc_auc": {"value": value, "low": value - 0.01, "high": value + 0.01}},
        windows=(Window(split="test", rows=200, positives=50, first="2013-11-01", last="2013-12-31"),),
        lineage=(),
        raw=tuple(Raw(source=source, path=made.path, sha256=made.content) for source, made in raws.items()),
        files={},
    )
