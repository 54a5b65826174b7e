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

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "known-gaps.md"

HEAD = """\
# Known gaps

This page is generated from `conformance/known_gaps.py` by `python docs/generate_known_gaps.py`; do
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
        yield from (f"{statement};\n" for statement in gap.setup)
        yield f"{gap.query};  -- {gap.right} is right\n```\n"


def page() -> str:
    """The text of the page."""
    return HEAD + "".join(sections())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
