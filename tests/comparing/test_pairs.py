"""Which TimescaleDB exists for which PostgreSQL: the table, its sentences, its documentation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from conformance.comparing.capabilities import OLDEST_TIMESCALEDB
from conformance.comparing.pairs import PAIRS, why_not_a_pair
from conformance.engines.container.image import DEFAULT_IMAGE, refuse_impossible
from conformance.errors import EngineUnavailable

ENGINES = Path(__file__).parents[2] / "docs/engines.md"


@pytest.mark.parametrize(
    ("postgresql", "timescaledb"),
    [(15, "2.17.2"), (17, "2.17.0"), (17, "2.23.0-dev"), (15, "2.28.5"), (18, "2.23.0"),
     (16, "2.29.0"), (18, "2.32.0")],
)  # fmt: skip
def test_pairs_that_exist(postgresql, timescaledb):
    assert why_not_a_pair(postgresql, timescaledb) is None


@pytest.mark.parametrize(
    ("postgresql", "timescaledb"), [(19, "2.32.0"), (18, "2.40.0"), (15, "3.0"), (14, "2.17.0")]
)
def test_of_unknown_versions_nothing_is_refused(postgresql, timescaledb):
    assert why_not_a_pair(postgresql, timescaledb) is None


@pytest.mark.parametrize(
    ("postgresql", "timescaledb", "problem", "hint"),
    [
        (
            15,
            "2.29.2",
            "TimescaleDB 2.29.2 does not exist for PostgreSQL 15, only for PostgreSQL 16 to 18.",
            "Use TimescaleDB 2.17 to 2.28 with PostgreSQL 15, or another PostgreSQL.",
        ),
        (
            18,
            "2.22.1",
            "TimescaleDB 2.22.1 does not exist for PostgreSQL 18, only for PostgreSQL 15 to 17.",
            "Use TimescaleDB 2.23 or later with PostgreSQL 18, or another PostgreSQL.",
        ),
    ],
)
def test_pairs_that_do_not_exist(postgresql, timescaledb, problem, hint):
    assert why_not_a_pair(postgresql, timescaledb) == (problem, hint)


def test_the_releases_follow_each_other():
    assert PAIRS[0].first == OLDEST_TIMESCALEDB
    for earlier, later in pairwise(PAIRS):
        assert later.first == (earlier.last[0], earlier.last[1] + 1)


@pytest.mark.parametrize(
    "image", ["timescale/timescaledb:2.29.2-pg15", "hub.test/timescaledb-ha:pg15.3-ts2.31"]
)
def test_an_image_of_an_impossible_pair_is_refused(image):
    with pytest.raises(EngineUnavailable, match="does not exist for PostgreSQL 15"):
        refuse_impossible(image)


@pytest.mark.parametrize(
    "image", [DEFAULT_IMAGE, "timescale/timescaledb:latest-pg17", "timescaledb-test:pg17", "own:1"]
)
def test_other_images_are_tried(image):
    refuse_impossible(image)


def test_the_documentation_has_the_table():
    page = ENGINES.read_text(encoding="utf-8")
    for span in PAIRS:
        first, last = (".".join(map(str, release)) for release in (span.first, span.last))
        assert f"| {first} to {last} | {span.oldest} to {span.newest} |" in page
