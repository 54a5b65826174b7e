"""Known gaps that an upgrade closes or opens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.comparing.capabilities import Server
from conformance.known_gaps import KNOWN_GAPS
from conformance.upgrade.gaps import gap_changes

GAP = replace(
    KNOWN_GAPS[0], code="a-gap", first="2.18.0", last="2.20.0", right_until="2.17.2",
    right_from="2.22.0", needs=("community_edition",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("2.17.2", "2.18.0", ["new-gap"]),
        ("2.18.0", "2.20.0", []),
        ("2.20.0", "2.22.0", ["healed"]),
        ("2.17.2", "2.22.0", []),
        # Nobody has looked at 2.21.
        ("2.20.0", "2.21.0", []),
    ],
)
def test_kinds(before, after, expected):
    servers = (Server("17.5", version, "community") for version in (before, after))
    changes = list(gap_changes(*servers, [GAP]))
    assert [change.kind for change in changes] == expected
    assert not any(change.harmful for change in changes)
    assert all(change.subject == "known-gap:a-gap" for change in changes)


def test_of_what_an_edition_lacks_nothing_is_said():
    servers = (Server("17.5", version, "apache") for version in ("2.17.2", "2.18.0"))
    assert list(gap_changes(*servers, [GAP])) == []


def test_an_upgrade_from_the_oldest_version_names_what_heals_and_what_comes():
    servers = (Server("15.18", version, "community") for version in ("2.17.2", "2.28.3"))
    changes = {change.subject: change for change in gap_changes(*servers)}
    healed, come = changes["known-gap:rows-after-a-conflict"], changes["known-gap:join-by-bucket"]
    assert (healed.kind, come.kind) == ("healed", "new-gap")
    assert "loses the rows after the first conflict" in healed.message
