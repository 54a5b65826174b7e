"""The registry of known gaps: the gaps that it expects of each version, and its page."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.histories.avoidance import avoidance_of
from conformance.known_gaps import KNOWN_GAPS, Expected, gap
from conformance.suite.test_migrations import is_kept_by_timescaledb
from docs.known_gaps.left_out import LEFT_OUT, Reason
from docs.known_gaps.notes import NOTES, UNREAD
from models import MarketData, Signal

ROOT = Path(__file__).parents[1]

CLOSED = replace(
    KNOWN_GAPS[0], first="2.28.3", last="2.30.0", right_until="2.23.0", right_from="2.31.0"
)
OPEN = replace(CLOSED, last=None, right_from=None)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.17.2", Expected.RIGHT),
        ("2.23.0-dev", Expected.RIGHT),
        ("2.24.0", Expected.UNKNOWN),
        ("2.28.3", Expected.WRONG),
        ("2.30.0", Expected.WRONG),
        ("2.30.1", Expected.UNKNOWN),
        ("2.31.0", Expected.RIGHT),
        ("2.40.1", Expected.RIGHT),
    ],
)
def test_what_is_expected_of_a_version(version, expected):
    assert CLOSED.expected(version) is expected


@pytest.mark.parametrize("version", ["2.28.3", "2.31.0", "3.0"])
def test_an_open_ticket_is_expected_of_every_later_version(version):
    assert OPEN.expected(version) is Expected.WRONG


def test_codes_and_tables_are_their_own():
    codes = [known.code for known in KNOWN_GAPS]
    assert len(set(codes)) == len(codes)
    created = [
        statement.split()[2]
        for known in KNOWN_GAPS
        for statement in known.setup
        if statement.startswith("CREATE TABLE ")
    ]
    assert len(set(created)) == len(created)


def test_versions_are_in_order():
    for known in KNOWN_GAPS:
        bounds = (known.right_until, known.first, known.last, known.right_from)
        given = [tuple(map(int, bound.split("."))) for bound in bounds if bound is not None]
        assert given == sorted(given), known.code


def test_a_defect_has_an_entry_or_a_reason_not_both():
    tickets = [item.ticket for item in LEFT_OUT]
    assert len(set(tickets)) == len(tickets)
    assert not {known.ticket for known in KNOWN_GAPS} & set(tickets)
    assert {item.reason for item in LEFT_OUT} == set(Reason)


def test_each_fix_in_the_release_notes_has_one_place():
    codes, tickets = {known.code for known in KNOWN_GAPS}, {item.ticket for item in LEFT_OUT}
    for release in NOTES:
        numbers = [*release.entries, *release.left_out, *release.others]
        assert len(set(numbers)) == len(numbers) == release.count > 0
        assert codes.issuperset(release.entries.values())
        assert tickets.issuperset(release.left_out.values())


def test_an_entry_ends_before_the_release_whose_notes_name_the_fix():
    fixed = {code: release.version for release in NOTES for code in release.entries.values()}
    for code, version in fixed.items():
        assert gap(code).expected(version) is not Expected.WRONG, (code, version)


def test_the_notes_of_every_release_were_read_or_are_named():
    releases = [release.version for release in NOTES]
    assert len(set(releases)) == len(releases)
    minors = {int(version.split(".")[1]) for version in (*releases, *UNREAD)}
    assert minors == set(range(17, 33))
    assert not set(UNREAD) & set(releases)


def test_the_two_that_lose_rows_on_the_oldest_version_are_registered():
    lost = {known.ticket: known for known in KNOWN_GAPS}
    assert lost[7672].expected("2.17.2") is lost[7714].expected("2.17.2") is Expected.WRONG
    assert lost[7672].expected("2.28.3") is lost[7714].expected("2.28.3") is Expected.RIGHT


@pytest.mark.parametrize(
    ("version", "never_null", "left_out"),
    [
        (
            "2.17.2",
            {"instrument_id", "series_id"},
            {
                "null_instrument_id",
                "null_series_id",
                "update_to_a_taken_key",
                "count_of_deleted",
            },
        ),
        ("2.23.0-dev", set(), {"update_to_a_taken_key"}),
        ("2.29.2", set(), set()),
        ("2.30.0", set(), {"read_latest"}),
    ],
)
def test_histories_keep_out_of_what_they_would_meet(version, never_null, left_out):
    avoidance = avoidance_of(Signal.__table__, version)
    assert avoidance.never_null == never_null
    assert avoidance.free_keys_only == ("update_to_a_taken_key" in left_out)
    assert avoidance.counts_deleted == ("count_of_deleted" not in left_out)
    assert avoidance.reasons.keys() == left_out
    for reason in avoidance.reasons.values():
        assert f"of TimescaleDB {version}" in reason
        assert "timescaledb#" in reason


def test_a_key_without_nulls_has_nothing_to_keep_out_of():
    assert not avoidance_of(MarketData.__table__, "2.17.2").never_null


@pytest.mark.parametrize(
    ("version", "kept"), [("2.17.2", False), ("2.28.3", True), ("2.29.2", False)]
)
def test_a_downgrade_is_excused_for_what_timescaledb_keeps_alone(version, kept):
    relation = "relation _timescaledb_internal.compress_hyper_2_5_chunk (+1)"
    # So does the DETAIL of an error that such a relation causes.
    detail = "column kind of table _timescaledb_internal.compress_hyper_2_5_chunk depends on type k"
    for trace in (relation, detail):
        assert is_kept_by_timescaledb(trace, version) is kept
    for trace in ("relation samples (+1)", "row in _timescaledb_config.bgw_job (+1)"):
        assert not is_kept_by_timescaledb(trace, version)


def test_an_unknown_code_is_an_error():
    with pytest.raises(KeyError, match="nonsense"):
        gap("nonsense")


def test_the_page_is_up_to_date():
    path = ROOT / "docs" / "generate_known_gaps.py"
    specification = importlib.util.spec_from_file_location("generate_known_gaps", path)
    generator = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generator)
    stale = "run: python docs/generate_known_gaps.py"
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), stale
