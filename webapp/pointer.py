"""The pointer: the signed file that an approval leaves and that serving follows.

write(folder, pointer, secret)              # data/serving/flights.json
read(folder / "flights.json", secret)       # the pointer, or UntrustedFile; earlier secrets may follow
withdraw(folder, "flights")                 # from now on, flights is not served
"""

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AwareDatetime, Field, TypeAdapter, model_validator

from webapp import signed
from webapp.signed import Signed

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
Number = Annotated[int, Field(ge=1)]


class Pointer(Signed):
    """Which versions of a model answer, and who decided it.

    Attributes:
        live: the version that answers where a request names none.
        served: every version that answers, with the SHA-256 of its ``assets.extra/manifest.json``.
        labels: other names of served versions.
        decided_at: when, in ISO 8601 with its offset from UTC.
        sequence: grows with every decision about the model, so that an old pointer put back is known as such.
    """

    kind: ClassVar[str] = "pointer"
    remedy: ClassVar[str] = "Run manage.py setup: it is written anew."
    name: Name
    live: Number
    served: dict[Number, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    labels: dict[Annotated[str, Field(pattern=r"^[^/:]{1,100}$")], Number]
    decided_by: str
    reason: str
    decided_at: str
    sequence: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        unknown = {"live": self.live, **self.labels}
        faults = [f"{name} {version}" for name, version in unknown.items() if version not in self.served]
        if faults:
            raise ValueError(f"expected one of the served versions {sorted(self.served)}, got {', '.join(faults)}")
        TypeAdapter(AwareDatetime).validate_python(self.decided_at)
        return self


def write(folder: Path, pointer: Pointer, secret: str) -> None:
    """Sign the pointer and let it take the place of the one before, whole.

    Raises:
        UntrustedFile: there is no secret to sign with.
    """
    signed.write(place(folder, pointer.name), pointer, secret)


def read(path: Path, secret: str, *earlier: str) -> Pointer:
    """The pointer in the file ``path``, signed with the secret or one of the ``earlier`` ones.

    Raises:
        UntrustedFile: the file is not there, not whole, signed with another secret, or that of another model.
    """
    pointer = signed.read(path, Pointer, secret, *earlier)
    if path.name != f"{pointer.name}.json":
        raise signed.UntrustedFile(
            f"{path} must hold the pointer of its own model, got that of {pointer.name}. Remove the file."
        )
    return pointer


def withdraw(folder: Path, name: str) -> None:
    """Take the model's pointer away: no version of it is served any more. Does nothing where there is none."""
    place(folder, name).unlink(missing_ok=True)
    if folder.is_dir():
        signed.sync(folder)


def place(folder: Path, name: str) -> Path:
    """Where the pointer of the model ``name`` is.

    Raises:
        UntrustedFile: the name is none that a model may have.
    """
    with signed.holding(name, Pointer):
        return folder / f"{TypeAdapter(Name).validate_python(name)}.json"
