"""The pages about findings: one for each code, a section for each kind of fact.

They are Markdown files of this folder, so that `conformance explain` has them wherever the package
is installed. Their links lead to files of the project's repository.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from conformance.comparing.facts import KINDS
from conformance.errors import ConformanceError
from conformance.gate.evidence.codes import CODES, SQUAWK, code

_FOLDER = Path(__file__).parent
#: The page that has a section for each kind of fact, and the one that lists the codes.
_KINDS, _INDEX = "checks", "README"
#: The chapter of the suite, a section of the same page, that the other kinds of findings come from.
_CHAPTERS = {
    "migration": "Migrations",
    "rows": "Rows",
    "sessions": "Sessions",
    "faults": "Faults",
    "known_gap": "Known gaps",
}

#: The id of a failed test. That of a check constraint goes on after the name of its table.
_TEST = re.compile(r"check:(test_\w+)(?:\[|$)")

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK_TO_A_FILE = re.compile(r"\[([^\]]*)\]\((?![a-z]+:)[^)]*\)")


class UnknownCode(ConformanceError):
    """No finding has the code, the kind or the id."""


def page_of(name: str) -> str:
    """The page about a finding, as Markdown without links to files.

    Args:
        name: a code of the gate, a kind of finding, or the id of a finding, which begins with one
            of them; empty: the page that lists the codes.

    Raises:
        UnknownCode: it is none of these; the error names those that are spelled nearly so.
    """
    if name.startswith(SQUAWK):
        return _of_squawk(name)
    subject = name.partition(":")[0] or _INDEX
    if heading := _heading_of(name, subject):
        return _without_links(_section(_read(_KINDS), heading))
    if subject not in CODES and subject != _INDEX:
        near = get_close_matches(subject, [*CODES, *KINDS, *_CHAPTERS], n=3, cutoff=0.7)
        raise UnknownCode(
            f"No finding has the code {subject!r}.",
            f"Did you mean {' or '.join(near)}?" if near else "Run conformance explain for a list.",
        )
    return _without_links(_read(subject))


def page_or_nothing(name: str) -> str:
    """The page about a finding; empty if there is none."""
    try:
        return page_of(name)
    except UnknownCode:
        return ""


def _of_squawk(name: str) -> str:
    rule = name.removeprefix(SQUAWK).partition(":")[0]
    return (
        f"# `{SQUAWK}{rule}`\n\nA rule of squawk, a linter of SQL: {code(f'{SQUAWK}{rule}').page}\n"
    )


def _heading_of(name: str, subject: str) -> str:
    """The section about a kind of finding or a test of the suite; empty if there is none."""
    if test := _TEST.match(name):
        above, row, _ = _read(_KINDS).partition(f"\n| `{test[1]}` |")
        if row:
            return above.rpartition("\n## ")[2].partition("\n")[0]
    if subject in KINDS and subject not in CODES:
        return subject
    return _CHAPTERS.get(subject, "")


def _read(page: str) -> str:
    return (_FOLDER / f"{page}.md").read_text(encoding="utf-8")


def _section(text: str, heading: str) -> str:
    """From the heading to the next one, with the heading as that of a page."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    section, _, _ = rest.partition("\n## ")
    return f"# {heading}\n{section}"


def _without_links(text: str) -> str:
    """Links to files as their words alone: what they lead to is not installed."""
    parts = _FENCE.split(text)
    return "".join(
        part if part.startswith("```") else _LINK_TO_A_FILE.sub(r"\1", part) for part in parts
    )
