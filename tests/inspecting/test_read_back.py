"""Declarations that are printed promise the facts that they were printed from; pure."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, PrimaryKeyConstraint, Table, text

import conformance
from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import AUTOMATIC, EXISTS, Detail, FactKey, IndexColumn, Owner, show
from conformance.declarations.base import attach
from conformance.expected import expected_facts
from conformance.expected import indexes as expected_indexes
from conformance.inspecting import compression, hypertables, indexes, privileges
from conformance.inspecting.code import rendered
from conformance.inspecting.observed import Observed
from conformance.intervals import Interval

WEEK = Interval.parse("7 days")
NAMES = {name: getattr(conformance, name) for name in conformance.__all__ if name[0].isupper()}
NAMES |= {"Index": Index, "text": text}


def facts(kind, table, part="", /, **attributes):
    return {
        FactKey(kind, table, part, attribute): value
        for attribute, value in {EXISTS: True, **attributes}.items()
    }


def printed(module, observed):
    return [(entry, rendered(entry.call)) for entry in module.declarations(Observed(observed))]


def table_of(*items, columns=("at", "n", "device id", "Zone", "a,b")):
    return Table(
        "readings",
        MetaData(),
        *(Column(name, DateTime if name == "at" else Integer) for name in columns),
        *items,
    )


SETTINGS = {
    "segment_by": (),
    "order_by": ("at DESC NULLS FIRST",),
    "chunk_interval": None,
    "direct": False,
}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, 'order_by="at DESC"'),
        ({"segment_by": ("n", "Zone")}, 'segment_by="n, Zone"'),
        ({"segment_by": ("device id",)}, r'segment_by="\"device id\""'),
        ({"segment_by": ("a,b", "n")}, r'segment_by=["\"a,b\"", "n"]'),
        ({"order_by": ("n ASC NULLS LAST", "at ASC NULLS FIRST")}, '"n, at NULLS FIRST"'),
        ({"order_by": ("Zone DESC NULLS LAST",)}, 'order_by="Zone DESC NULLS LAST"'),
        ({"chunk_interval": Interval.parse("28 days")}, 'chunk_interval="28 days"'),
        ({"sparse_indexes": ()}, "sparse_indexes=()"),
        ({"direct": True}, "direct=True"),
        (
            {"sparse_indexes": ("bloom (Zone, n)", "firstlast (Zone)", "minmax (at)")},
            'sparse_indexes="bloom(Zone, n), firstlast(Zone), minmax(at)"',
        ),
        (
            {"sparse_indexes": ("bloom (device id)",)},
            'sparse_indexes=[SparseIndex("bloom", "device id")]',
        ),
    ],
)
def test_compression(settings, words):
    wanted = facts("compression", "readings", sparse_indexes=AUTOMATIC, **SETTINGS)
    wanted |= facts("compression", "readings", **settings)
    ((entry, code),) = printed(compression, wanted)
    assert words in code
    assert entry.covers == {*wanted}
    table = table_of()
    attach(table, NAMES["Hypertable"]("at", chunk_interval=WEEK), eval(code, NAMES))
    promised = expected_facts(table.metadata)
    assert {key: promised[key] for key in wanted} == wanted


def test_compression_whose_order_timescaledb_chooses():
    wanted = facts(
        "compression", "readings", sparse_indexes=AUTOMATIC, **{**SETTINGS, "order_by": ()}
    )
    ((_, code),) = printed(compression, wanted)
    assert code == "Compression(order_by=None, after=None)"


HYPERTABLE = facts(
    "hypertable",
    "readings",
    time_column="at",
    time_type="timestamp",
    chunk_interval=WEEK,
    partitions=(),
)
DOWN = IndexColumn("at", descending=True, nulls_first=True)


def index(name, *columns, **attributes):
    usual = {
        "columns": columns, "unique": False, "method": "btree", "predicate": None, "include": (),
        "valid": True, "nulls": "distinct",
    }  # fmt: skip
    return facts("index", "readings", name, **{**usual, **attributes})


def key(*columns):
    return facts("primary_key", "readings", columns=columns, name="pk")


@pytest.mark.parametrize(
    ("more", "partitions", "words"),
    [
        (index("readings_at_idx", DOWN), (), ""),
        ({}, (), ", time_index=False"),
        (key("at"), (), ""),
        (key("n", "at"), (), ", time_index=False"),
        (index("ix", DOWN), (), ", time_index=False"),
        (index("ix", IndexColumn("at")), (), ""),
        (index("readings_at_idx", DOWN) | index("ix", IndexColumn("at")), (), ""),
        (index("readings_at_idx", DOWN) | index("ix", DOWN), (), ""),
        (index("readings_at_idx", DOWN) | key("at"), (), ""),
        (index("readings_at_idx", DOWN, unique=True), (), ", time_index=False"),
        (index("readings_at_idx", DOWN, method="brin"), (), ", time_index=False"),
        (
            index("readings_at_idx", DOWN) | index("readings_n_at_idx", IndexColumn("n"), DOWN),
            ("hash (n, 4)",),
            ', partitions=[HashPartition("n", 4)]',
        ),
        (
            index("readings_at_idx", DOWN),
            ("hash (a,b, 2)", "hash (n, 4)"),
            ', partitions=[HashPartition("a,b", 2, time_index=False), HashPartition("n", 4)]',
        ),
    ],
)
def test_a_hypertable_and_its_automatic_indexes(more, partitions, words):
    observed = HYPERTABLE | facts("hypertable", "readings", partitions=partitions) | more
    ((entry, _),) = printed(hypertables, observed)
    code = rendered(entry.call, room=200)
    assert code == f'Hypertable("at", chunk_interval="7 days"{words})'
    keys = [
        PrimaryKeyConstraint(*value, name="pk")
        for (kind, *_, attribute), value in observed.items()
        if (kind, attribute) == ("primary_key", "columns")
    ]
    table = table_of(*keys, *(eval(item, NAMES) for _, item in printed(indexes, observed)))
    attach(table, eval(code, NAMES))
    declared = FactTable()
    declared.extend(expected_indexes.expected(table, "readings", "public"))
    assert columns_of(declared) == columns_of(observed)


def columns_of(facts_of_table):
    """The columns of every index, in words."""
    return sorted(
        show(value)
        for key, value in facts_of_table.items()
        if (key.kind, key.attribute) == ("index", "columns")
    )


def granted(name, role, *words, judged=None, part=False):
    return facts("privilege", name, role, privileges=words) | {
        FactKey("privilege", name, role, EXISTS): Detail("", judged=judged, part=part)
    }


@pytest.mark.parametrize(
    ("observed", "code"),
    [
        (
            granted("a", "ada", "select") | granted("b", "ada", "select"),
            ['Grant("select", to="ada", on=["a", "b"])'],
        ),
        (
            granted("a", "ada", "insert", "select with grant option"),
            [
                'Grant("insert", to="ada", on="a")',
                'Grant("select", to="ada", on="a", grant_option=True)',
            ],
        ),
        (
            granted("a (n)", "ada", "update") | granted("a (m)", "ada", "update"),
            ['Grant("update", to="ada", on="a", columns=["m", "n"])'],
        ),
        (
            granted("a_id_seq", "ada", "usage"),
            ['Grant("usage", to="ada", on="a_id_seq", kind="sequence")'],
        ),
        (
            granted("schema app", "ada", "usage"),
            ['Grant("usage", to="ada", on="app", kind="schema")'],
        ),
        (granted("database", "ada", "create"), ['Grant("create", to="ada", kind="database")']),
        (
            granted("function f(int, text)", "PUBLIC", "execute"),
            ['Grant("execute", to="PUBLIC", on="f(int, text)", kind="function")'],
        ),
        (granted("schema public", "PUBLIC", "usage", part=True), []),
        (granted("alembic_version", "ada", "select", judged=False), []),
    ],
)
def test_privileges(observed, code):
    tables = facts("table", "a", owner=Owner("x", "x")) | facts("table", "b", owner=Owner("x", "x"))
    assert [text for _, text in printed(privileges, tables | observed)] == code


def test_an_owner_is_only_said_where_owners_differ():
    tables = facts("table", "a", owner=Owner("x", "x")) | facts("table", "b", owner=Owner("y", "x"))
    assert [text for _, text in printed(privileges, tables)] == ['Owner("y", tables=["b"])']
