"""What people say of the model: ``[notes]``, which goes into the card and the report of every version as it stands."""

from pipeline.problem.part import Names, Part


class Notes(Part):
    """What no figure tells. Texts are Markdown."""

    owners: Names = ()
    license: str | None = None
    uses: str | None = None
    """Who asks it, for what; and what it is not for."""
    limitations: str | None = None
    ethics: str | None = None
    """Whom a wrong answer harms, and what is done about it."""
    remarks: str | None = None
