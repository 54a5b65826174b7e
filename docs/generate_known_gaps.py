"""Write docs/known-gaps.md from the registry.

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

Made by `python docs/generate_known_gaps.py` from `conformance/known_gaps.py`; do not edit it. A
test fails while it is stale.

Where TimescaleDB itself is wrong, a check can neither pass nor blame the schema. The registry names
the ticket, the versions and a reproduction on a table of its own, and `test_known_gap` runs it:

| the registry says | and the server is | then |
| --- | --- | --- |
| wrong | wrong | *not checked*, with the ticket |
| wrong | right | a finding, `known_gap:timescaledb:<code>`: it is healed; close it there |
| right | wrong | a finding: it reaches further than the registry says |
| right | right | the test passes |
| nothing of this version | either | *not checked*, with what was seen |

A version newer than all that were looked at is expected to be wrong while the ticket is open.

A gap excuses nothing but its own reproduction. [Histories](rows.md#histories) that would run into
one keep out of it by construction, on the versions that have it, and list what they leave out as
not checked.

"""


def versions_of(gap: KnownGap) -> str:
    """The versions that are wrong, for people."""
    return f"{gap.first} and later" if gap.last is None else f"{gap.first} to {gap.last}"


def sections() -> Iterator[str]:
    """The table of all, and a section for each."""
    yield "| code | ticket | wrong |\n| --- | --- | --- |\n"
    for gap in KNOWN_GAPS:
        ticket = f"[#{gap.ticket}]({gap.url})"
        yield f"| [{gap.code}](#{gap.code}) | {ticket} | {versions_of(gap)} |\n"
    for gap in KNOWN_GAPS:
        yield f"\n## {gap.code}\n\n{gap.what}\n\n"
        yield f"- Ticket: [timescaledb#{gap.ticket}]({gap.url})\n"
        yield f"- Versions: {gap.evidence}\n"
        yield f"- Affects: {gap.affects}\n\n```sql\n"
        yield from (f"{statement};\n" for statement in gap.setup)
        yield f"{gap.question};  -- {gap.right} is right\n```\n"


def page() -> str:
    """The whole file."""
    return HEAD + "".join(sections())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
