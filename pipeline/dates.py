"""Days as text in ISO form, in UTC."""

from datetime import UTC, date, datetime


def is_day(text: str) -> bool:
    """Whether the text is a day in ISO form: 2013-11-03."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_over(day: str, now: datetime | None = None) -> bool:
    """Whether the day (UTC) had ended at the moment, which is now if not given."""
    return day < (now or datetime.now(UTC)).astimezone(UTC).date().isoformat()
