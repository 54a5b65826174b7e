"""Triggers, rules and row security: what is said of them, and what contradicts the table."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from conformance.declarations import (
    DeclarationError,
    RowSecurity,
    RowSecurityPolicy,
    Rule,
    Trigger,
)
from conformance.declarations.base import all_declared
from conformance.declarations.triggers import COMMANDS, EVENTS, TIMINGS


def declaring(*declarations):
    """The declarations of a table `ticks`, as the table has them."""
    ticks = Table(
        "ticks",
        MetaData(),
        Column("price", Integer),
        Column("symbol", Text),
        Column("X", Integer),
        *declarations,
    )
    return [item for kind in {*map(type, declarations)} for item in all_declared(ticks, kind)]


def said_of(declaration):
    """All that it says, without what SQLAlchemy adds once it has a table."""
    return {name: value for name, value in vars(declaration).items() if name != "dispatch"}


def trigger(name="stamp", **said):
    return Trigger(name, **{"timing": "before", "events": "insert", "function": "stamp()", **said})


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (trigger, {}),
        (lambda: trigger("keep", timing="INSTEAD\n OF"), {"name": "keep", "timing": "instead of"}),
        (lambda: trigger(level="STATEMENT"), {"level": "statement"}),
        (lambda: trigger(function="tools.stamp('a') "), {"function": "tools.stamp('a') "}),
        (lambda: trigger(condition="NEW.price > 0", deferrable="no"),
         {"condition": "NEW.price > 0", "deferrable": "no"}),
        (lambda: trigger(timing="after", transition_tables=["old", "new"]),
         {"timing": "after", "transition_tables": ("old", "new")}),
    ],
    ids=range(6),
)  # fmt: skip
def test_a_trigger(declare, said):
    (found,) = declaring(declare())
    usual = {
        "name": "stamp", "timing": "before", "events": {"insert": ()}, "function": "stamp()",
        "level": "row", "condition": None, "deferrable": None, "transition_tables": (),
    }  # fmt: skip
    assert said_of(found) == usual | said


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("TRUNCATE", {"truncate": ()}),
        (" insert  OR\tdelete ", {"insert": (), "delete": ()}),
        ("insert or update of symbol , price", {"insert": (), "update": ("price", "symbol")}),
        ('UPDATE OF "X",', {"update": ("X",)}),
    ],
)
def test_events_are_read_as_sql_writes_them(text, events):
    (found,) = declaring(trigger(events=text))
    assert found.events == events


@pytest.mark.parametrize("word", [*TIMINGS])
def test_every_timing_is_known(word):
    assert declaring(trigger(timing=word))


@pytest.mark.parametrize("word", [*EVENTS])
def test_every_event_is_known(word):
    assert declaring(trigger(events=word))


def test_a_table_may_have_several():
    policies = RowSecurityPolicy("a"), RowSecurityPolicy("b")
    rules = [Rule(name, definition=f"CREATE RULE {name} AS") for name in "ab"]
    for several in (policies, rules, (trigger("a"), trigger("b"))):
        assert declaring(*several) == [*several]
    with pytest.raises(DeclarationError, match="declares RowSecurity twice"):
        declaring(RowSecurity(), RowSecurity(forced=True))


def test_a_rule():
    (found,) = declaring(Rule("keep", definition=" create  RULE keep AS ON DELETE"))
    assert said_of(found) == {"name": "keep", "definition": " create  RULE keep AS ON DELETE"}


@pytest.mark.parametrize(("declared", "forced"), [({}, False), ({"forced": True}, True)])
def test_row_security(declared, forced):
    (found,) = declaring(RowSecurity(**declared))
    assert found.forced is forced


def test_a_policy_is_for_everybody_and_every_command_where_nothing_else_is_said():
    (found,) = declaring(RowSecurityPolicy("seen"))
    assert said_of(found) == {
        "name": "seen", "command": "all", "using": None, "check": None, "roles": ("public",),
        "permissive": True,
    }  # fmt: skip


def test_a_policy():
    (found,) = declaring(
        RowSecurityPolicy(
            "own", command="UPDATE", using="price > 0", check="price > 1", roles=["b", "a"],
            permissive=False,
        )
    )  # fmt: skip
    assert said_of(found) == {
        "name": "own", "command": "update", "using": "price > 0", "check": "price > 1",
        "roles": ("a", "b"), "permissive": False,
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_known(command):
    assert declaring(RowSecurityPolicy("own", command=command))


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: declaring(trigger(timing="during")),
    lambda: declaring(trigger(level="table")),
    lambda: declaring(trigger(events="insert or select")),
    lambda: declaring(trigger(events="update of price, size")),
    lambda: declaring(trigger(function="stamp")),
    lambda: declaring(Rule("keep", definition="ON DELETE")),
    lambda: declaring(Rule("keep", definition="CREATE VIEW")),
    lambda: declaring(RowSecurityPolicy("own", command="read")),
    lambda: declaring(RowSecurityPolicy("own", roles=())),
)
