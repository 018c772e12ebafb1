"""How rows are parted into those to learn from, to choose with and to judge by: ``[split]``."""

from datetime import date

from pydantic import model_validator

from pipeline.problem.part import Part


class Split(Part):
    """Rows before ``validation`` train, rows from ``test`` on are the hold-out; a date begins in ``time_zone``."""

    time: str
    time_zone: str = "UTC"
    validation: date
    test: date

    @model_validator(mode="after")
    def _in_order(self) -> "Split":
        if self.validation >= self.test:
            raise ValueError(f"validation must begin before test, got {self.validation} and {self.test}")
        return self
