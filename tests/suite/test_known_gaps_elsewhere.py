"""The registry of known gaps holds on the other versions that an installed PostgreSQL offers.

The check runs the reproductions on the engine's version; these tests run them on the others.
"""

from __future__ import annotations

import pytest

from conformance.engines.local.installations import installed
from conformance.known_gaps import KNOWN_GAPS, Expected

from .projects import check, copied_project

pytestmark = pytest.mark.slow

#: The programs of the server, and a version that is not its default.
OTHERS = [
    (one.programs, version)
    for one in installed()
    for version in one.offered
    if version != one.timescaledb
]


@pytest.mark.skipif(not OTHERS, reason="no installed PostgreSQL offers two versions of TimescaleDB")
@pytest.mark.parametrize(("programs", "version"), OTHERS, ids=str)
def test_every_gap_shows_where_the_registry_says(tmp_path, programs, version):
    engine = f"local:{programs}@{version}"
    code, verdict, err = check(copied_project(tmp_path), "-k", "test_known_gap", "--engine", engine)
    assert (code, verdict["findings"]) == (0, []), err
    shown = " ".join(item["reason"] for item in verdict["not_checked"])
    community = verdict["engine"]["edition"] == "community"
    wrong = [
        gap
        for gap in KNOWN_GAPS
        if gap.expected(version) is Expected.WRONG and not gap.icu and (community or not gap.needs)
    ]
    assert all(f"timescaledb#{gap.ticket}" in shown for gap in wrong)
