"""Where a version came from: the receipts in its folder as a graph, from the version down to the raw bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline import receipts
from pipeline.errors import LineageError
from pipeline.receipts import Made, Receipt


@dataclass(frozen=True)
class Raw:
    """A raw file: the source that it was read as, its path as a reader understands it, the digest of its bytes."""

    source: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """What it is called in the graph."""
        return f"{self.path} {self.sha256}"


Graph = dict[str, frozenset[str]]
"""For each node, what it was made from."""


@dataclass(frozen=True)
class Lineage:
    """The steps behind one version, each after those that it was made from; the last one published it."""

    steps: tuple[Receipt, ...]

    @property
    def published(self) -> Receipt:
        """The receipt of the version itself."""
        return self.steps[-1]

    @cached_property
    def raw(self) -> dict[str, Raw]:
        """The raw files by name, in the order in which they were first read."""
        files = (Raw(step.source, made.path, made.content) for step, made in self._read if made.key is None)
        return {file.name: file for file in files}

    @cached_property
    def graph(self) -> Graph:
        """What each step was made from, by name. Raw files are at its ends.

        What a step that was kept was made from may since have been made anew, with the same content: then that tells.
        """
        known = {step.content: name(step) for step in self.steps} | {step.key: name(step) for step in self.steps}
        graph: dict[str, set[str]] = {name(step): set() for step in self.steps}
        for step, made in self._read:
            raw = Raw(step.source, made.path, made.content).name
            graph[name(step)].add(raw if made.key is None else known.get(made.key) or known[made.content])
        return {node: frozenset(inputs) for node, inputs in graph.items()}

    @property
    def missing(self) -> list[str]:
        """What steps were made from whose receipt is not there; empty in a whole chain."""
        known = {digest for step in self.steps for digest in (step.key, step.content)}
        links = dict.fromkeys(made for _, made in self._read if made.key is not None)
        return [made.path for made in links if not {made.key, made.content} & known]

    @cached_property
    def reduced(self) -> Graph:
        """The same without what is behind another input anyway."""
        behind: Graph = {}
        for node, inputs in self.graph.items():
            behind[node] = inputs.union(*(behind.get(one, frozenset()) for one in inputs))
        return {
            node: inputs.difference(*(behind.get(one, frozenset()) for one in inputs))
            for node, inputs in self.graph.items()
        }

    @property
    def _read(self) -> Iterator[tuple[Receipt, Made]]:
        return ((step, made) for step in self.steps for made in step.made_from.values())


def name(step: Receipt) -> str:
    """A step as a person reads it: ``Clean flights``, ``Collect flights 2013-11-03``."""
    return f"{step.stage} {step.source} {step.settings.get('day', '')}".strip()


def read(version: Path) -> Lineage:
    """The lineage of the version in a folder, which needs no other folder for it.

    Raises:
        LineageError: the folder has no whole record of it.
    """
    published = receipts.read(version)
    try:
        chain = receipts.read_chain(version)
    except (OSError, ValueError):
        chain = []
    lineage = Lineage((*chain, published)) if published else None
    if lineage is None or not chain:
        raise LineageError(
            f"{version} must have the receipts that it was made by ({receipts.NAME}, {receipts.CHAIN}), and has none "
            "that can be read. Publish it anew: luigi --module pipeline RunAll"
        )
    missing = lineage.missing
    if missing:
        raise LineageError(
            f"{version / receipts.CHAIN} must have every receipt behind the version; it lacks {', '.join(missing)}."
        )
    return lineage
