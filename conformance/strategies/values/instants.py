"""Moments as numbers, and those with which a year, a day or a minute begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What date_trunc() cuts down to -> its microseconds, where all are of one length in UTC.
LENGTHS = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": DAY}
#: The others, of which a few are drawn.
CALENDAR = ("week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_YEARS = range(2018, 2022)


def microseconds(moment: datetime) -> int:
    """The microseconds since the Unix epoch; a moment without a time zone is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def beginnings(unit: str) -> list[date]:
    """The first days of weeks, months, quarters or years around 2020."""
    if unit == "week":
        # Of date_trunc() and of ISO 8601, on Mondays.
        return [date(2019, 12, 30) + timedelta(weeks=number) for number in range(-4, 12)]
    months = range(1, 13, _MONTHS[unit])
    return [date(year, month, 1) for year in _YEARS for month in months]
