"""Owners and grants: what is said of them, and what cannot be granted."""

from __future__ import annotations

import pytest

from conformance.declarations import DefaultGrant, Grant, Owner
from conformance.declarations.privileges import FUTURE, MAINTAIN, PRIVILEGES

OF_A_TABLE = ("select", "insert", "update", "delete", "truncate", "references", "trigger")


def test_an_owner_is_of_all_tables_or_of_some():
    assert vars(Owner("desk")) == {"role": "desk", "tables": None}
    assert vars(Owner("desk", tables=["a", "b"])) == {"role": "desk", "tables": ("a", "b")}
    assert Owner("desk", tables=[]).tables == ()


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (
            lambda: Grant("select, insert", to="reader"),
            {"privileges": ("select", "insert"), "to": "reader", "on": None, "columns": (),
             "kind": "table", "grant_option": False},
        ),
        (
            lambda: Grant(["UPDATE"], to="r", on="t", columns=["a", "b"], grant_option=True),
            {"privileges": ("update",), "to": "r", "on": ("t",), "columns": ("a", "b"),
             "kind": "table", "grant_option": True},
        ),
        (
            lambda: Grant("execute", to="r", on=["f(int)", "g(x text)"], kind="function"),
            {"privileges": ("execute",), "to": "r", "on": ("f(integer)", "g(text)"),
             "columns": (), "kind": "function", "grant_option": False},
        ),
    ],
    ids=range(3),
)  # fmt: skip
def test_a_grant(declare, said):
    assert vars(declare()) == said


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (
            lambda: DefaultGrant("select", to="reader", by="owner"),
            {"privileges": ("select",), "to": "reader", "by": "owner", "on": "tables",
             "schema": None, "grant_option": False},
        ),
        (
            lambda: DefaultGrant(
                "usage", to="r", by="o", on="types", schema="s", grant_option=True
            ),
            {"privileges": ("usage",), "to": "r", "by": "o", "on": "types",
             "schema": "s", "grant_option": True},
        ),
    ],
    ids=range(2),
)  # fmt: skip
def test_a_default_grant(declare, said):
    assert vars(declare()) == said


@pytest.mark.parametrize("name", ["public", "PUBLIC", "Public"])
def test_everybody_has_one_name(name):
    assert Grant("select", to=name).to == "PUBLIC"
    assert DefaultGrant("select", to=name, by="o").to == "PUBLIC"


@pytest.mark.parametrize("written", ["all", "ALL", " All  Privileges ", ["all"]])
def test_all_is_what_every_version_has(written):
    """Only PostgreSQL 17 and later can grant MAINTAIN; it may be left out."""
    assert Grant(written, to="r").privileges == (*OF_A_TABLE, MAINTAIN)
    assert DefaultGrant(written, to="r", by="o").privileges == (*OF_A_TABLE, MAINTAIN)


@pytest.mark.parametrize("kind", ["sequence", "schema", "function", "database"])
def test_all_of_other_kinds(kind):
    on = "f()" if kind == "function" else "x"
    assert Grant("all", to="r", on=on, kind=kind).privileges == PRIVILEGES[kind]


def test_all_of_columns_and_of_what_will_be_created():
    assert Grant("all", to="r", columns=["a"]).privileges == PRIVILEGES["column"]
    for what in ("sequences", "functions", "schemas", "types"):
        assert DefaultGrant("all", to="r", by="o", on=what).privileges == FUTURE[what]


@pytest.mark.parametrize("kind", ["table", "database"])
def test_of_these_kinds_none_needs_to_be_named(kind):
    privilege = PRIVILEGES[kind][0]
    assert Grant(privilege, to="r", kind=kind).on is None
    assert Grant(privilege, to="r", kind=kind, on="x").on == ("x",)


KINDS = "table, sequence, schema, function, database"


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: Owner(" "),
    lambda: Grant("select", to=" "),
    lambda: DefaultGrant("select", to="", by="o"),
    lambda: Grant("read", to="r"),
    lambda: Grant("select, all", to="r", kind="database"),
    lambda: Grant("delete", to="r", columns=("x",)),
    lambda: Grant("usage", to="r", kind="schema"),
    lambda: Grant("usage", to="r", kind="type", on="t"),
    lambda: Grant("select", to="r", kind="column", on="t"),
    lambda: Grant("usage", to="r", kind="schema", on="s", columns=("x",)),
    lambda: Grant("execute", to="r", kind="function", on="one"),
    lambda: DefaultGrant("select", to="r", by="o", on="views"),
    lambda: DefaultGrant("insert", to="r", by="o", on="sequences"),
)
