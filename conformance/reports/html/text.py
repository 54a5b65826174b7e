"""Words of a page: values as people read them, cut to a length that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.comparing.facts import EXISTS

if TYPE_CHECKING:
    from conformance.comparing.findings import Finding

#: The longest text that a page shows in full.
MOST_CHARACTERS = 2_000
#: Values with less in common are shown without a mark.
_LEAST_IN_COMMON = 8


#: Types by the shorter names that PostgreSQL also has for them.
_SHORT_TYPES = {
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "character varying": "varchar",
}


#: The labels of numbers, for the number 1.
_SINGULAR = {
    "errors": "error",
    "warnings": "warning",
    "notes": "note",
    "findings": "finding",
    "facts hold": "fact holds",
    "tests pass": "test passes",
    "checks pass": "check passes",
    "revisions": "revision",
    "statements": "statement",
    "harmful changes": "harmful change",
    "other changes": "other change",
    "rows unchanged": "row unchanged",
    "columns of values unchanged": "column of values unchanged",
    "facts unchanged": "fact unchanged",
    "conform": "conforms",
    "differ": "differs",
}


class Marked(NamedTuple):
    """A text with a marked part: what the other value does not have."""

    before: str
    marked: str
    after: str


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text, or its beginning and how long it is."""
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text):,} characters in all)"


def plural(number: int, noun: str) -> str:
    """`1 finding`, `1,204 findings`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def label(words: str, number: str) -> str:
    """`errors`, and `error` for the number 1."""
    return _SINGULAR.get(words, words) if number == "1" else words


def spoken(value: Any) -> str:
    """A value of a verdict, which is JSON data, as people read it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(spoken, value)) or "none"
    return str(value)


def short_type(name: str | None) -> str:
    """`TIMESTAMP WITH TIME ZONE` -> `timestamptz`; other names in small letters."""
    text = (name or "").lower()
    for long, short in _SHORT_TYPES.items():
        text = text.replace(long, short)
    return text


def sides(finding: Finding, absent: str = "not declared") -> tuple[str, str] | None:
    """What the models declare, and what the database has; None if these are no two values.

    Args:
        absent: the word for what the database alone has.
    """
    exists = finding.attribute == EXISTS
    if finding.disagreement == "missing":
        return None if exists else (spoken(finding.expected), "missing")
    if finding.disagreement == "unexpected":
        there = finding.observed is True or finding.observed is None
        return None if exists and there else (absent, spoken(finding.observed))
    if finding.expected is None and not _is_of_models(finding):
        return None
    return spoken(finding.expected), spoken(finding.observed)


def headings(finding: Finding, against: str | None = None) -> tuple[str, str]:
    """What stands above the two values of `sides`.

    Args:
        against: the other database, if one takes the place of the models.
    """
    expected = "The other database has" if against else "The models declare"
    return (
        expected if _is_of_models(finding) else "Expected",
        "This database has" if against else "The database has",
    )


def _is_of_models(finding: Finding) -> bool:
    """Whether the models are one of the sides; not of a rule, and not of a test."""
    is_of_a_test = finding.kind in ("rows", "check", "migration")
    return not is_of_a_test and finding.disagreement != "broken"


def difference(one: str, other: str) -> tuple[Marked, Marked]:
    """Mark what is between the beginning and the end that two texts have in common."""
    one, other = cut(one), cut(other)
    shorter = min(len(one), len(other))
    start = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    rest = shorter - start
    end = next((n for n in range(rest) if one[-n - 1] != other[-n - 1]), rest)
    if one == other or start + end < _LEAST_IN_COMMON:
        return Marked(one, "", ""), Marked(other, "", "")
    return _marked(one, start, end), _marked(other, start, end)


def _marked(text: str, start: int, end: int) -> Marked:
    stop = len(text) - end
    return Marked(text[:start], text[start:stop], text[stop:])


def split_hint(hint: str) -> tuple[str, str]:
    """A hint's sentences, and the script that follows them after an empty line; may be empty."""
    sentences, _, script = hint.partition("\n\n")
    return sentences, script.strip("\n")
