"""What Monitor and Maintain left for the server: read, and nothing else."""

import logging
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from bundle.monitoring import MAINTAINED, MONITORING, PAGE, REPORT, DayReport, Maintained

log = logging.getLogger(__name__)


def days(data: Path, model: str) -> list[str]:
    """The days that have a report, the newest first."""
    folder = data / MONITORING / model
    found = [path.parent.name for path in folder.glob(f"*/{REPORT}") if _is_day(path.parent.name)]
    return sorted(found, reverse=True)


def report(data: Path, model: str, day: str) -> DayReport | None:
    """The report of the day; None where there is none that can be read."""
    path = data / MONITORING / model / day / REPORT
    try:
        return DayReport.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("%s must be a report of a day, and can't be read: %s", path, error)
        return None


def newest(data: Path, model: str) -> DayReport | None:
    """The report of the newest day that has one."""
    return next((found for day in days(data, model) if (found := report(data, model, day))), None)


def page(data: Path, model: str, day: str) -> bytes | None:
    """The page of the day, for a browser; None where there is none."""
    try:
        return (data / MONITORING / model / day / PAGE).read_bytes()
    except OSError:
        return None


def maintained(data: Path, model: str) -> Maintained | None:
    """What Maintain did last; None where it did nothing yet, or that can't be read."""
    path = data / MAINTAINED / f"{model}.json"
    try:
        return Maintained.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("%s must say what Maintain did, and can't be read: %s", path, error)
        return None


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True
