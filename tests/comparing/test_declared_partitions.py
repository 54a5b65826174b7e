"""Declared partitions are compared with their table, and not by themselves."""

from __future__ import annotations

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.declared_partitions import with_declared_partitions
from conformance.comparing.facts import EXISTS, FactKey

COMMUNITY = Capabilities(community_edition=True)
PART, OTHER = (FactKey("table", name, "", EXISTS) for name in ("parts.old", "other"))
COLUMN = FactKey("column", "parts.old", "day", EXISTS)
GRANT = FactKey("privilege", "parts.old (day)", "reader", EXISTS)
THERE = FactKey("table", "events", "", EXISTS)
REASON = (
    "the database has the table as a partition of events: partitions are compared with their table,"
    " and need no declaration"
)


def _compared():
    promised = dict.fromkeys((THERE, PART, COLUMN, GRANT, OTHER), True)
    return compare(promised, {THERE: True}, COMMUNITY)


def test_its_facts_are_not_checked_instead_of_missing():
    found = with_declared_partitions(_compared(), {"parts.old": "events"})
    assert [*found.findings] == [OTHER]
    assert found.consequences == {}
    assert [*found.not_checked] == sorted((PART, COLUMN, GRANT), key=FactKey.sort_key)
    assert {(item.id, item.reason) for item in found.not_checked.values()} == {
        (key.id, REASON) for key in (PART, COLUMN, GRANT)
    }
    assert found.conforming == _compared().conforming


def test_without_such_tables_the_comparison_stays():
    compared = _compared()
    assert with_declared_partitions(compared, {}) is compared
    assert with_declared_partitions(compared, {"events": "others"}) is compared


def test_a_parenthesis_in_a_name_is_no_column():
    table = FactKey("table", "parts.old (day)", "", EXISTS)
    column = FactKey("privilege", "parts.old (day (of) week)", "reader", EXISTS)
    compared = compare(
        {THERE: True, PART: True, table: True, column: True}, {THERE: True}, COMMUNITY
    )
    found = with_declared_partitions(compared, {"parts.old": "events"})
    assert {*found.findings} == {table}
    assert {*found.not_checked} == {PART, column}
