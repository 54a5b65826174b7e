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
from conformance.known_gaps.left_out import LEFT_OUT  # noqa: E402 - the path is set above

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "known-gaps.md"

HEAD = """\
# Known gaps

This page is generated from `conformance/known_gaps/` by `python docs/generate_known_gaps.py`; do
not edit it. A test fails if the page is stale.

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

A gap excuses only its own reproduction. [Histories](rows.md#histories) avoid the gaps of the
server's version by construction, and list what they leave out as not checked.
[Defects without an entry](#left-out) are listed with the reason.

"""

LEFT_OUT_HEAD = """
## Left out

Read were the release notes of TimescaleDB 2.17.0 to 2.29.2 and of 2.30.2, and parts of those of
2.30.0, 2.30.1, 2.31.0 and 2.32.0. These defects change rows or results, or look as if they did, and
have no entry:

| ticket | fixed in | defect | why it has no entry |
| --- | --- | --- | --- |
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
        yield f"- Affects: {gap.affects}\n\n```sql\n"
        yield from (f"SET {name} = '{value}';\n" for name, value in gap.settings)
        yield from (f"{statement};\n" for statement in gap.setup)
        yield f"{gap.query};  -- {gap.right} is right\n```\n"


def left_out() -> Iterator[str]:
    """A row for each defect that has no entry."""
    for item in LEFT_OUT:
        url = f"https://github.com/timescale/timescaledb/issues/{item.ticket}"
        fixed = item.fixed or "open, or not named"
        yield f"| [#{item.ticket}]({url}) | {fixed} | {item.summary} | {item.reason.value} |\n"


def page() -> str:
    """The text of the page."""
    return HEAD + "".join(sections()) + LEFT_OUT_HEAD + "".join(left_out())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
