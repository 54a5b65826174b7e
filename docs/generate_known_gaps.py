"""Generate docs/known-gaps.md from the registry.

python docs/generate_known_gaps.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from conformance.known_gaps import KNOWN_GAPS, KnownGap  # noqa: E402 - the path is set above
from docs.known_gaps.left_out import LEFT_OUT  # noqa: E402 - the path is set above
from docs.known_gaps.notes import NOTES, UNREAD  # noqa: E402 - the path is set above

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "known-gaps.md"

HEAD = """\
# Known gaps

This page is generated from `conformance/known_gaps/` and `docs/known_gaps/` by
`python docs/generate_known_gaps.py`; do not edit it. A test fails if the page is stale.

A known gap is a defect of TimescaleDB itself, which a check can neither pass nor report as a defect
of the schema. The registry names the ticket, the versions and a reproduction on a table of its own,
which `test_known_gap` runs:

| the registry says | the server is | outcome |
| --- | --- | --- |
| wrong | wrong | *not checked*, with the ticket |
| wrong | right | a finding, `known_gap:timescaledb:<code>`: close the gap in the registry |
| right | wrong | a finding: more versions have the gap than the registry says |
| right | right | the test passes |
| nothing about the version | either | *not checked*, with the result |

While a ticket is open, every newer version is expected to be wrong.

A gap excuses only its own reproduction. One excuses more: what `relations-after-a-drop` leaves
after a downgrade is *not checked*. [Histories](rows.md#histories) avoid the gaps of the
server's version by construction, and list what they leave out as not checked.
[Defects without an entry](#left-out) are listed with the reason, and the
[release notes](#release-notes) that were read.

"""

LEFT_OUT_HEAD = """
## Left out

These defects change rows or results, or look as if they did, and have no entry:

| ticket | fixed in | defect | why it has no entry |
| --- | --- | --- | --- |
"""

NOTES_HEAD = """
## Release notes

Every bug fix in these release notes of TimescaleDB was looked at. A fix by which rows or results
change, or by which a constraint is kept, has an entry or a line in the list above. The last column
counts the others: errors, crashes, speed, permissions, builds, jobs and the like. The notes of
{unread} could not be read yet.

| release | bug fixes | with an entry | left out | of another kind |
| --- | ---: | --- | --- | ---: |
"""


def versions_of(gap: KnownGap) -> str:
    """The versions that are wrong, as text."""
    return f"{gap.first} and later" if gap.last is None else f"{gap.first} to {gap.last}"


def sections() -> Iterator[str]:
    """The table of all gaps, and a section for each gap."""
    yield "| code | ticket | wrong |\n| --- | --- | --- |\n"
    for gap in KNOWN_GAPS:
        ticket = f"[#{gap.ticket}]({gap.url})"
        yield f"| [{gap.code}](#{gap.code}) | {ticket} | {versions_of(gap)} |\n"
    for gap in KNOWN_GAPS:
        yield f"\n## {gap.code}\n\n{gap.summary}\n\n"
        yield f"- Ticket: [timescaledb#{gap.ticket}]({gap.url})\n"
        yield f"- Versions: {gap.evidence}\n"
        # The data of a COPY are no SQL.
        language = "sql" if gap.copied is None else "text"
        yield f"- Affects: {gap.affects}\n\n```{language}\n"
        yield from (f"SET {name} = '{value}';\n" for name, value in gap.settings)
        yield from (f"{statement};\n" for statement in gap.setup)
        yield from _copied(gap)
        yield f"{gap.query};  -- {gap.right} is right\n```\n"


def _copied(gap: KnownGap) -> Iterator[str]:
    """The COPY of a gap as a script of psql."""
    if gap.copied is not None:
        statement, data = gap.copied
        yield f"{statement};\n{data}\\.\n"


def left_out() -> Iterator[str]:
    """A row for each defect that has no entry."""
    for item in LEFT_OUT:
        url = f"https://github.com/timescale/timescaledb/issues/{item.ticket}"
        fixed = item.fixed or "open, or not named"
        yield f"| [#{item.ticket}]({url}) | {fixed} | {item.summary} | {item.reason.value} |\n"


def notes() -> Iterator[str]:
    """A row for each release whose notes were read."""
    for release in NOTES:
        entries = ", ".join(
            f"#{number} [{code}](#{code})" for number, code in release.entries.items()
        )
        tickets = ", ".join(
            f"#{number}" if number == ticket else f"#{number} (#{ticket})"
            for number, ticket in release.left_out.items()
        )
        others = len(release.others)
        yield f"| {release.version} | {release.count} | {entries} | {tickets} | {others} |\n"


def page() -> str:
    """The text of the page."""
    unread = f"{', '.join(UNREAD[:-1])} and {UNREAD[-1]}"
    head = NOTES_HEAD.format(unread=unread)
    return HEAD + "".join((*sections(), LEFT_OUT_HEAD, *left_out(), head, *notes()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
