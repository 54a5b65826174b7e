"""Intervals, compared as TimescaleDB and PostgreSQL compare them.

PostgreSQL stores an interval as months, days and microseconds, and counts a month as 30 days in
comparisons (PostgreSQL documentation, "Date/Time Types"). TimescaleDB stores a chunk interval by
the same rule, so that `1 month`, `3 months` and `1 year` become 30, 90 and 360 days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

_SECOND = 1_000_000
#: As PostgreSQL 17 and later print them: longer, and shorter, than any other.
_INFINITE = {"infinity": 2**127, "-infinity": -(2**127)}
_DAY = 86_400 * _SECOND

#: The microseconds of each unit, by the spellings that PostgreSQL accepts and prints.
_UNITS: dict[str, int] = {
    spelling: size
    for size, spellings in (
        (1, "us usec usecs microsecond microseconds"),
        (1_000, "ms msec msecs millisecond milliseconds"),
        (_SECOND, "s sec secs second seconds"),
        (60 * _SECOND, "m min mins minute minutes"),
        (3_600 * _SECOND, "h hr hrs hour hours"),
        (_DAY, "d day days"),
        (7 * _DAY, "w week weeks"),
        (30 * _DAY, "mon mons month months"),
        (360 * _DAY, "y yr yrs year years"),
        (3_600 * _DAY, "decade decades"),
    )
    for spelling in spellings.split()
}

_PART = re.compile(
    r"\s*(?:"
    r"(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:\.\d{1,6})?))?"
    r"|(?P<amount>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)"
    r")"
)

_BUCKET = re.compile(
    r"""\btime_bucket \s* \( \s* (?: bucket_width \s* (?: => | := ) \s* )?
    (?: cast \s* \( | \( | interval \b )? \s* (?: '(?P<quoted>[^']*)' | (?P<number>\d+) )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval; two intervals are equal if PostgreSQL compares them as equal.

    Attributes:
        microseconds: the length; a month counts as 30 days.
        spelled: the spelling in the source, for messages; does not affect equality.
        chosen: False if TimescaleDB may have chosen it by itself; does not affect equality.
    """

    microseconds: int
    spelled: str | None = field(default=None, compare=False)
    chosen: bool = field(default=True, compare=False)

    @classmethod
    def parse(cls, value: str | timedelta | Interval) -> Interval:
        """Parse `"1 month"`, `"12:00:00"`, `"1 year 2 mons 3 days 04:05:06"` or a timedelta.

        Raises:
            ValueError: the value is not an interval.
        """
        if isinstance(value, Interval):
            return value
        if isinstance(value, timedelta):
            return cls(value // timedelta(microseconds=1))
        return cls(_microseconds(value), spelled=" ".join(value.split()))

    @classmethod
    def printed(cls, text: str) -> Interval:
        """Parse what the server prints, which may be `infinity`; no declaration says that.

        Raises:
            ValueError: the text is not an interval.
        """
        return cls(_INFINITE[text]) if text in _INFINITE else cls.parse(text)

    def __str__(self) -> str:
        text = _spell(self.microseconds)
        if self.spelled is None or self.spelled == text or ":" in self.spelled:
            return text
        return f"{text} ({self.spelled})"

    def __repr__(self) -> str:
        return f"Interval({_spell(self.microseconds)!r})"

    def plain(self) -> str:
        """The length alone, which is the same for all spellings."""
        return _spell(self.microseconds)


def bucket_of(sql: str) -> Interval | int | None:
    """The width of the first `time_bucket('1 day', ...)` in a query.

    None if the query has no time_bucket, or its width is computed.
    """
    match = _BUCKET.search(sql)
    if match is None:
        return None
    written = match["number"] or match["quoted"]
    if written.isdigit():
        return int(written)
    try:
        return Interval.parse(written)
    except ValueError:
        return None


def refresh_window(start: Interval | int | None, end: Interval | int | None) -> str:
    """`30 days to 1 hour`: the ages between which a continuous aggregate is refreshed."""
    return " to ".join(
        "unbounded" if age is None else age.plain() if isinstance(age, Interval) else str(age)
        for age in (start, end)
    )


def _microseconds(text: str) -> int:
    stripped = text.strip().lower()
    if not stripped:
        raise ValueError("an empty text is not an interval such as '7 days' or '1 month'")
    parts = list(_PART.finditer(stripped))
    read = "".join(part[0] for part in parts)
    if read != stripped or any(part["unit"] not in {None, *_UNITS} for part in parts):
        raise ValueError(f"{text!r} is not an interval such as '7 days' or '1 month'")
    return sum(map(_part_microseconds, parts))


def _part_microseconds(match: re.Match[str]) -> int:
    if match["unit"] is not None:
        return round(float(match["amount"]) * _UNITS[match["unit"]])
    seconds = round(float(match["seconds"] or 0) * _SECOND)
    length = int(match["hours"]) * 3_600 * _SECOND + int(match["minutes"]) * 60 * _SECOND + seconds
    return -length if match["sign"] == "-" else length


def _spell(microseconds: int) -> str:
    """Spell an interval in whole units if possible: `30 days`, `12 hours`, `1 day 06:00:00`."""
    for name, length in _INFINITE.items():
        if microseconds == length:
            return name
    if microseconds < 0:
        return f"-{_spell(-microseconds)}"
    days, rest = divmod(microseconds, _DAY)
    parts = [f"{days} day{'s' * (days != 1)}"] if days else []
    if rest:
        parts.append(_spell_time(rest) if not days else _clock(rest))
    return " ".join(parts) or "0 seconds"


def _spell_time(microseconds: int) -> str:
    for size, name in ((3_600 * _SECOND, "hour"), (60 * _SECOND, "minute"), (_SECOND, "second")):
        count, rest = divmod(microseconds, size)
        if count and not rest:
            return f"{count} {name}{'s' * (count != 1)}"
    return _clock(microseconds)


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, _SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text
