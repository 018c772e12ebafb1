"""Days and clocks of a moment in a time zone, with arithmetic that NumPy, TensorFlow and LiteRT do alike.

A moment is int64 seconds since 1970 (UTC). A day number counts from 1970 too; it and all parts are whole numbers held
as float32, none of them above 2**24. ``xp`` is NumPy, or what has TensorFlow's functions under NumPy's names.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

DAY = 86_400
WEEK = 7 * DAY
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Between these the changes of a clock are known; before and after, it shows what it showed at the nearest end."""
NEVER = 2**62
DAYS_TO_1970 = 719_468
"""Days from the first of March of the year 0 to 1970."""


@dataclass(frozen=True)
class Zone:
    """A clock, by weeks since 1970: its offset (seconds) as each week begins, and when in the week it changes."""

    offsets: tuple[int, ...]
    changes: tuple[int, ...]

    def local(self, seconds: Any, xp: Any) -> Any:
        """The seconds since 1970 that the clock shows."""
        if not self.changes:
            return seconds + self.offsets[0]
        week = xp.floor(xp.float32(seconds - seconds % DAY) / DAY / 7 + 0.01)  # of whole days, so that it is exact
        place = xp.int32(xp.minimum(xp.maximum(week, 0.0), len(self.changes) - 1.0))
        changed = seconds >= xp.take(_int64(self.changes), place)
        offsets = _int64(self.offsets)
        return seconds + xp.where(changed, xp.take(offsets, place + 1), xp.take(offsets, place))


UTC_CLOCK = Zone((0,), ())


def zone(name: str) -> Zone:
    """The clock of a time zone, such as America/New_York. No zone changes its clock twice within a week."""
    clock = ZoneInfo(name)

    def offset(moment: datetime) -> int:
        return int(moment.astimezone(clock).utcoffset().total_seconds())  # type: ignore[union-attr] # it has a zone

    weeks = [FIRST + timedelta(seconds=WEEK * number) for number in range(int((LAST - FIRST).total_seconds()) // WEEK)]
    offsets = [offset(week) for week in weeks]
    if len(set(offsets)) == 1:
        return Zone((offsets[0],), ())
    changes = [NEVER] * (len(weeks) - 1)
    for number in range(len(changes)):
        if offsets[number] != offsets[number + 1]:
            before, after = number * WEEK, (number + 1) * WEEK
            while after - before > 1:
                middle = (before + after) // 2
                unchanged = offset(FIRST + timedelta(seconds=middle)) == offsets[number]
                before, after = (middle, after) if unchanged else (before, middle)
            changes[number] = after
    return Zone(tuple(offsets), tuple(changes))


class Moment:
    """Moments and what the clock and calendar of a zone show of them; every part is made once."""

    def __init__(self, seconds: Any, zone: Zone, xp: Any) -> None:
        self.seconds, self.zone, self.xp = seconds, zone, xp

    @cached_property
    def _split(self) -> tuple[Any, Any]:
        local = self.zone.local(self.seconds, self.xp)
        second = local % DAY
        return self.xp.floor(self.xp.float32(local - second) / DAY + 0.5), self.xp.float32(second)

    @property
    def days(self) -> Any:
        """The day number of the local day."""
        return self._split[0]

    @property
    def second(self) -> Any:
        """Seconds after midnight."""
        return self._split[1]

    @cached_property
    def date(self) -> tuple[Any, Any, Any]:
        """Year, month and day of the month."""
        return date(self.days, self.xp)


def date(days: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Year, month and day of a day number (Hinnant 2013, "chrono-Compatible Low-Level Date Algorithms")."""
    since = days + DAYS_TO_1970
    era = whole(since, 146_097, xp)
    day_of_era = since - era * 146_097
    leap = whole(day_of_era, 1_460, xp) - whole(day_of_era, 36_524, xp) + whole(day_of_era, 146_096, xp)
    year_of_era = whole(day_of_era - leap, 365, xp)
    day = day_of_era - (365 * year_of_era + whole(year_of_era, 4, xp) - whole(year_of_era, 100, xp))
    month_from_march = whole(5 * day + 2, 153, xp)
    month = month_from_march + 3 - 12 * xp.float32(month_from_march >= 10)
    year = year_of_era + 400 * era + xp.float32(month <= 2)
    return year, month, day - whole(153 * month_from_march + 2, 5, xp) + 1


def day_number(year: Any, month: Any, day: Any, xp: Any) -> Any:
    """The day number of a date (Hinnant 2013)."""
    years = year - xp.float32(month <= 2)
    era = whole(years, 400, xp)
    year_of_era = years - era * 400
    month_from_march = month - 3 + 12 * xp.float32(month <= 2)
    day_of_year = whole(153 * month_from_march + 2, 5, xp) + day - 1
    day_of_era = year_of_era * 365 + whole(year_of_era, 4, xp) - whole(year_of_era, 100, xp) + day_of_year
    return era * 146_097 + day_of_era - DAYS_TO_1970


def weekday(days: Any, xp: Any) -> Any:
    """The day of the week of a day number: 0 is Monday, 6 is Sunday."""
    since_monday = days + 3  # 1970 began on a Thursday
    return since_monday - 7 * whole(since_monday, 7, xp)


def day_of_year(days: Any, year: Any, xp: Any) -> Any:
    """The day of the year of a day number: 1 is the first of January."""
    return days - day_number(year, year * 0 + 1, year * 0 + 1, xp) + 1


def week(days: Any, xp: Any) -> Any:
    """The week of the year by ISO 8601: 1 is the week with the year's first Thursday."""
    thursday = days - weekday(days, xp) + 3
    return whole(day_of_year(thursday, date(thursday, xp)[0], xp) - 1, 7, xp) + 1


def whole(number: Any, divisor: int, xp: Any) -> Any:
    """How often ``divisor`` goes into a whole number.

    The half added makes the quotient of whole numbers robust where a compiler divides by multiplying.
    """
    return xp.floor((number + 0.5) / divisor)


def _int64(values: tuple[int, ...]) -> Any:
    import numpy as np

    return np.array(values, "int64")
