"""Whether the chain of receipts holds: every file, every receipt, every link from one to the next.

A link is one making: a stage's result, a version, a day's report, or the pointer by which a version is served. What a
version says in its lineage of a making, and the folder that it left, are two witnesses of one link.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bundle import digest, manifest
from bundle.manifest import BrokenVersion
from pipeline import codestore, receipts, results
from pipeline.progress import track
from pipeline.published import SERVING
from pipeline.receipts import Made, Receipt
from pipeline.versions import MODELS, every


class Broken(BaseModel):
    """The first wrong link of a chain.

    Attributes:
        where: the folders and files that speak of it, relative to the data folder.
        rests_on_it: everything that was made from it, in the order of making.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    link: str
    where: tuple[str, ...]
    faults: tuple[str, ...]
    rests_on_it: tuple[str, ...]


class Verified(BaseModel):
    """What was looked at, and what is wrong.

    Attributes:
        full: whether every byte was read; otherwise files that the index knows by size and times were not.
        broken: the first wrong link of each chain, in the order of making.
        code: entries of the code store that are not the code of their name.
        left_aside: what ended runs left; nothing uses it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    links: int
    folders: int
    files: int
    bytes: int
    full: bool
    broken: tuple[Broken, ...]
    code: tuple[str, ...]
    left_aside: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.broken and not self.code


@dataclass
class Link:
    """One making, what was recorded of it and where, and what is wrong with it.

    Attributes:
        witnesses: each different record of it, by the first place that has it.
        where: every place that speaks of it.
    """

    name: str
    witnesses: dict[str, Receipt] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    made_from: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)


def verify(
    data: Path, versions: Iterable[Path], *, full: bool, sha256: Callable[[Path], str] = digest.of_file
) -> Verified:
    """Check all that is in ``data``; of ``versions`` alone, and what is behind them, where some are given.

    ``sha256`` tells the digest of a file where not every byte is to be read.
    """
    chain = Chain(data, digest.of_file if full else sha256)
    wanted = list(versions)
    folders = results.folders(data)
    published = wanted or every(data)
    for version in published:
        chain.take_lineage(version)
    if wanted:
        folders = [*wanted, *(path for path in folders if path.name in chain.links)]
    with track("checking", len(folders)) as advance:
        for folder in folders:
            chain.take_folder(folder)
            advance(1, chain.name(folder))
    for version in published:
        chain.check_version(version, full=full)
    for pointer in sorted((data / SERVING).glob("[!.]*.json")):
        chain.take_pointer(pointer, {chain.name(version) for version in wanted})
    chain.check_links()
    return Verified(
        links=len(chain.links),
        folders=len(folders),
        files=chain.files,
        bytes=chain.bytes,
        full=full,
        broken=tuple(chain.broken()),
        code=() if wanted else tuple(codestore.broken(data)),
        left_aside=() if wanted else tuple(chain.name(path) for path in results.left_aside(data)),
    )


class Chain:
    """Every link that is known, by the key it was made under, or by the path of what keeps no key in its name."""

    def __init__(self, data: Path, sha256: Callable[[Path], str]) -> None:
        self._data, self._sha256 = data, sha256
        self._by_content: dict[str, str] = {}
        self.links: dict[str, Link] = {}
        self.files = self.bytes = 0

    def name(self, path: Path) -> str:
        """A path as it is told: relative to the data folder."""
        return path.relative_to(self._data).as_posix()

    def take_lineage(self, version: Path) -> None:
        """Take up what a version says of the makings behind it."""
        where = self.name(version / receipts.CHAIN)
        try:
            behind = receipts.read_chain(version)
        except FileNotFoundError:
            self._link(self.name(version)).faults.append(f"{receipts.CHAIN} is missing")
            return
        except ValidationError as error:
            self._link(self.name(version)).faults.append(f"{receipts.CHAIN} can't be read: {_first(error)}")
            return
        for receipt in behind:
            self._witness(receipt.key, where, receipt)

    def take_folder(self, folder: Path) -> None:
        """Take up a result and hold its files against its receipt."""
        path = self.name(folder)
        identity = folder.name if results.KEY.fullmatch(folder.name) else path
        receipt = receipts.read(folder)
        if receipt is None:
            link = self._link(identity)
            link.where.append(path)
            link.faults.append(f"{path} has no {receipts.NAME} that can be read")
            return
        self._witness(identity, path, receipt)
        link = self.links[identity]
        if identity not in (path, receipt.key):
            link.faults.append(f"{path}: the receipt is of another key, {receipt.key[:8]}")
        link.faults += [f"{path}: {fault}" for fault in receipts.faults(folder, receipt, self._sha256)]
        self.files += len(receipt.files)
        self.bytes += sum(record.size for record in receipt.files.values())

    def check_version(self, version: Path, *, full: bool) -> None:
        """Hold a version's manifest against its files, and its lineage against what it was made from."""
        path = self.name(version)
        link, receipt = self._link(path), receipts.read(version)
        try:
            described = manifest.read(version)
            if full:
                manifest.verify(version, described)
        except BrokenVersion as broken:
            link.faults.append(str(broken))
            return
        if receipt is None:
            return
        recorded = {name: record.sha256 for name, record in receipt.files.items() if name != manifest.NAME}
        if recorded != described.files:
            link.faults.append(f"{path}: the manifest and the receipt speak of other files")
        told = {(step.key, step.content) for step in described.lineage}
        if not {(made.key, made.content) for made in receipt.made_from.values()} <= told:
            link.faults.append(f"{path}: the manifest's lineage lacks what the version was made from")

    def take_pointer(self, pointer: Path, wanted: set[str]) -> None:
        """Hold what a decision says of the versions that are served against their manifests."""
        try:
            told = json.loads(pointer.read_bytes())["pointer"]
            served = {f"{MODELS}/{told['name']}/{number}": sha for number, sha in told["served"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._link(self.name(pointer)).faults.append("it is no pointer that can be read")
            return
        for version, sha in served.items():
            if wanted and version not in wanted:
                continue
            path = self._data / version / manifest.NAME
            link = self._link(self.name(pointer))
            link.where = [self.name(pointer)]
            link.made_from.append(version)
            if not path.is_file():
                link.faults.append(f"it serves {version}, which is not there")
            elif digest.of_file(path) != sha:
                link.faults.append(f"the manifest of {version} is not the one that was approved")

    def check_links(self) -> None:
        """Hold every receipt against itself, against those that speak of the same making, and against its inputs."""
        for identity, link in self.links.items():
            for receipt in link.witnesses.values():
                self._by_content.setdefault(receipt.content, identity)
        for link in list(self.links.values()):
            for where, receipt in link.witnesses.items():
                link.faults += [f"{where}: {fault}" for fault in of_itself(receipt)]
                link.faults += [f"{where}: {fault}" for fault in self._of_inputs(receipt)]
                link.made_from += [self._identity(made) for made in receipt.made_from.values() if made.key]
            link.faults += _disagreements(link.witnesses)
            link.faults = list(dict.fromkeys(link.faults))

    def broken(self) -> list[Broken]:
        """The first wrong link of each chain, in the order of making."""
        order = self._order()
        wrong: set[str] = set()
        found = []
        for identity in order:
            link = self.links[identity]
            if wrong & set(link.made_from):
                wrong.add(identity)
            elif link.faults:
                wrong.add(identity)
                found.append(identity)
        return [self._broken(identity, order) for identity in found]

    def _broken(self, identity: str, order: list[str]) -> Broken:
        resting = {identity}
        for other in order:
            if resting & set(self.links[other].made_from):
                resting.add(other)
        link = self.links[identity]
        return Broken(
            link=link.name,
            where=tuple(link.where),
            faults=tuple(link.faults),
            rests_on_it=tuple(self.links[other].name for other in order if other in resting and other != identity),
        )

    def _order(self) -> list[str]:
        """Every link after those that it was made from."""
        order: dict[str, None] = {}
        for start in self.links:
            waiting, open_ = [start], set[str]()
            while waiting:
                top = waiting[-1]
                below = [one for one in self.links[top].made_from if one in self.links and one not in order]
                below = [] if top in open_ else below
                open_.add(top)
                waiting += [one for one in below if one not in open_]
                if not below:
                    waiting.pop()
                    order[top] = None
        return list(order)

    def _of_inputs(self, receipt: Receipt) -> list[str]:
        found = []
        for name, made in receipt.made_from.items():
            if made.key is None:
                continue
            below = self.links.get(self._identity(made))
            if below is None or not (below.witnesses or below.faults):
                found.append(f"{name} was made from {made.path}, of which nothing is left")
            elif below.witnesses and made.content not in {one.content for one in below.witnesses.values()}:
                found.append(f"{name} was {made.content[:8]}, and {made.path} says that it made something else")
        return found

    def _identity(self, made: Made) -> str:
        """The link that an input is; where that is gone, another whose result has the same content."""
        known = (name for name in (made.path, made.key) if name in self.links)
        return next(known, self._by_content.get(made.content, made.path))

    def _witness(self, identity: str, where: str, receipt: Receipt) -> None:
        link = self._link(identity)
        link.where.append(where)
        if receipt not in link.witnesses.values():
            link.witnesses[where] = receipt
        named = f"{receipt.stage} {receipt.source}".strip()
        link.name = f"{named} {identity[:8]}" if results.KEY.fullmatch(identity) else identity

    def _link(self, identity: str) -> Link:
        return self.links.setdefault(identity, Link(identity))


def of_itself(receipt: Receipt) -> list[str]:
    """Where a receipt contradicts itself."""
    found = []
    if receipts.content(receipt.files) != receipt.content:
        found.append("the content is not that of the files it names")
    if receipts.key_of(receipt) != receipt.key:
        found.append("the key is not that of its stage, settings, code, libraries and inputs")
    return found


def _disagreements(witnesses: dict[str, Receipt]) -> list[str]:
    """Where two records of one making differ: the same run wrote them both."""
    found = []
    first: dict[str, tuple[str, Receipt]] = {}
    for where, receipt in witnesses.items():
        other, same_run = first.setdefault(receipt.run, (where, receipt))
        differing = [name for name in Receipt.model_fields if getattr(receipt, name) != getattr(same_run, name)]
        if differing:
            found.append(f"{other} and {where} differ in {', '.join(differing)}")
    return found


def _first(error: ValidationError) -> str:
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
