"""What a person reads at the end of a run, on standard output."""

from collections.abc import Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bundle import manifest
from bundle.figure import shown
from bundle.manifest import Clause, Manifest
from bundle.monitoring import PAGE, REPORT, DayReport
from pipeline import graph, working
from pipeline.receipts import Receipt
from pipeline.run import Run
from pipeline.targets import Stage

STYLES = {"PASS": "bold green", "FAIL": "bold red", "NOT ENOUGH EVIDENCE": "bold yellow"}

SHORT = {"PASS": "pass", "FAIL": "fail", "NOT ENOUGH EVIDENCE": "unclear"}
NEXT = {
    "PASS": "make serve   # look at the version and its evidence in the browser",
    "FAIL": "read the report, change the problem file, and run again",
    "NOT ENOUGH EVIDENCE": "read the report; a longer hold-out would tell more",
}


def tell(published: Stage, described_sources: Sequence[Stage], run: Run) -> None:
    """What ran and what was kept, the metrics and requirements, the verdict, and where to go on."""
    console = Console()
    version = published.output().folder
    described = manifest.read(version)
    receipts = graph.chain(published, run)
    pages = [one.output() for one in described_sources]
    receipts += [one.receipt for one in pages if one.receipt]
    console.print(_stages(receipts, run.name))
    console.print(_notes(receipts))
    console.print(_metrics(described))
    verdict = described.verdict.verdict
    console.print(Text.assemble("\nverdict  ", (verdict, STYLES[verdict])))
    for reason in reasons(described.verdict.clauses):
        console.print(f"unclear  {reason}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"version  {version}", soft_wrap=True, highlight=False)
    console.print(f"report   {version / 'assets.extra' / 'report.html'}", soft_wrap=True, highlight=False)
    trials = working.folder(run.data, graph.output_path(graph.inputs(published, run)["tuned"])) / working.TENSORBOARD
    console.print(f"trials   tensorboard --logdir {trials}", soft_wrap=True, highlight=False)
    for one in pages:
        console.print(f"data     {one.folder / 'data.html'}", soft_wrap=True, highlight=False)
    console.print(f"next     {NEXT[verdict]}", highlight=False)


def tell_days(looked_at: Sequence[Stage], run: Run) -> None:
    """What each day that was looked at in this run showed, and where its page is."""
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("day", "rows", "outcomes", "drifted", "fallen"):
        side: Literal["left", "right"] = "right" if title in ("rows", "outcomes") else "left"
        table.add_column(title, justify=side)
    findings = Table.grid(padding=(0, 2))
    outputs = [day.output() for day in looked_at]
    folders = [one.folder for one in outputs if one.receipt is not None and one.receipt.run == run.name]
    for folder in folders:
        report = DayReport.model_validate_json((folder / REPORT).read_bytes())
        drifted = [one.name for version in report.versions for one in version.drift if one.drifted]
        fallen = [one.metric for version in report.versions for one in version.realised if one.fallen]
        judged = [any(version.drift for version in report.versions), any(one.realised for one in report.versions)]
        words = [
            Text(", ".join(dict.fromkeys(names)) or ("none" if told else "not judged"), "bold red" if names else "dim")
            for names, told in zip((drifted, fallen), judged, strict=True)
        ]
        table.add_row(report.day, _count(report.rows), _count(report.outcomes), *words)
        for finding in report.findings:
            findings.add_row(Text(report.day, "dim"), Text(finding))
    console.print(table)
    console.print(findings)
    where = f"report   {folders[0] / PAGE}" if len(folders) == 1 else f"reports  {folders[0].parent}"
    console.print(where, soft_wrap=True, highlight=False)


def _stages(receipts: list[Receipt], run: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    for title in ("rows in", "rows out", "seconds"):
        table.add_column(title, justify="right")
    for receipt in receipts:
        ran = receipt.run == run
        table.add_row(
            f"{receipt.stage} {receipt.source}".strip(),
            _count(receipt.rows_in),
            _count(receipt.rows_out),
            f"{receipt.seconds:.1f}" if ran else "kept",
            style=None if ran else "dim",
        )
    total = sum(receipt.seconds for receipt in receipts if receipt.run == run)
    table.add_row("in all", "", "", f"{total:.1f}", style="bold")
    return table


def _notes(receipts: list[Receipt]) -> Table:
    """What the stages found worth telling."""
    table = Table.grid(padding=(0, 2))
    for receipt in receipts:
        for note in receipt.notes:
            table.add_row(Text(f"{receipt.stage} {receipt.source}".strip(), "dim"), Text(note))
    return table


def _metrics(described: Manifest) -> Table:
    """Each metric with its requirement beside it; below, what was required of differences, slices and costs."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("on the hold-out", "value", "95 % interval", "requirement", "state"):
        side: Literal["left", "right"] = "right" if title in ("value", "95 % interval") else "left"
        table.add_column(title, justify=side, no_wrap=title != "requirement")
    clauses = described.verdict.clauses
    for metric, figure in described.metrics.items():
        own = [one for one in clauses if one.kind == "value" and one.metric == metric]
        state = (own[0].clause.partition(" ")[2], _state(own[0])) if own else ("", "")
        table.add_row(metric, *_figure(figure), *state)
        for clause in own[1:]:
            table.add_row("", "", "", clause.clause.partition(" ")[2], _state(clause))
    for clause in clauses:
        if clause.kind == "leak":
            table.add_row("", "", "", clause.clause, _state(clause))
        elif clause.kind != "value" or clause.metric not in described.metrics:
            figure = {"value": clause.value, "low": clause.low, "high": clause.high}
            words = clause.clause.removeprefix(f"{clause.metric} ")
            table.add_row(_about(clause), *_figure(figure), words, _state(clause))
    return table


def reasons(clauses: Sequence[Clause]) -> list[str]:
    """Why clauses are unclear, where it is not for want of rows alone."""
    return [f"{one.clause}: {one.why}" for one in clauses if one.why and one.state == "NOT ENOUGH EVIDENCE"]


def _about(clause: Clause) -> str:
    """What the figure of a clause is, that is no metric of all rows."""
    if clause.kind == "difference":
        return f"{clause.metric} difference"
    return f"{clause.metric} of {clause.slice}" if clause.slice else clause.metric


def _state(clause: Clause) -> Text:
    return Text(SHORT[clause.state], STYLES[clause.state])


def _figure(figure: dict[str, float | None]) -> tuple[str, str]:
    value, low, high = (shown(figure[name]) for name in ("value", "low", "high"))
    return value, f"{low} to {high}"


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"
