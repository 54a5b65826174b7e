"""What entities of alembic_utils declare: they are known by the names of class and attributes."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from conformance.declarations import (
    Extension,
    Function,
    Grant,
    MaterializedView,
    RowSecurityPolicy,
    Setting,
    Trigger,
    View,
    declare,
    registered_entities,
    tables_of,
    view_of,
    views_of,
)
from conformance.declarations.base import all_declared, required

ON_TICKS = {"signature": "own", "on_entity": "public.ticks"}


def entity(kind, **attributes):
    """An object of a class of this name, with the attributes that the library's has."""
    return type(kind, (), {"schema": "public", **attributes})()


def metadata(schema=None):
    found = MetaData()
    Table("ticks", found, Column("id", Integer), Column("symbol", Text), schema=schema)
    return found


def function(definition, **attributes):
    """The function that the entity declares."""
    found = metadata()
    given = {"signature": "f()", "definition": definition, **attributes}
    declare(found, entity("PGFunction", **given))
    (declared,) = required(found, Function)
    return declared


def on_ticks(kind, definition, declaration, **attributes):
    """What the entity declares of the table."""
    found = metadata()
    declare(found, entity(kind, definition=definition, **{**ON_TICKS, **attributes}))
    (declared,) = all_declared(found.tables["ticks"], declaration)
    return declared


def trigger(definition, *, is_constraint=False, **attributes):
    return on_ticks("PGTrigger", definition, Trigger, is_constraint=is_constraint, **attributes)


def policy(definition):
    return on_ticks("PGPolicy", definition, RowSecurityPolicy)


def said_of(declaration):
    return {name: value for name, value in vars(declaration).items() if name != "dispatch"}


def test_a_function():
    found = function(
        "RETURNS int AS $body$ SELECT x \\:\\: int $body$ LANGUAGE SQL IMMUTABLE STRICT",
        signature="tools(x int)", schema="desk",
    )  # fmt: skip
    assert vars(found) == {
        "written": "tools(x int)",
        "definition": "RETURNS int AS $body$ SELECT x :: int $body$ LANGUAGE SQL IMMUTABLE STRICT",
        "signature": found.signature, "body": " SELECT x :: int ", "digest": None,
        "language": "sql", "returns": "int", "volatility": "immutable", "strict": True,
        "security": "invoker", "settings": (), "schema": "desk",
    }  # fmt: skip
    assert str(found.signature) == "tools(integer)"


def test_a_function_of_which_the_definition_says_little():
    found = function("RETURN 1")
    assert (found.body, found.language, found.returns) == (None, None, None)
    assert (found.volatility, found.strict, found.security) == ("volatile", False, "invoker")


@pytest.mark.parametrize(
    ("quoted", "body"),
    [
        ("$$ SELECT 1 $$", " SELECT 1 "),
        ("$a$ SELECT $$it$$ $a$", " SELECT $$it$$ "),
        ("'SELECT ''it'''", "SELECT 'it'"),
        ("''", ""),
        ("$$IMMUTABLE STRICT SECURITY DEFINER RETURNS text LANGUAGE c$$",
         "IMMUTABLE STRICT SECURITY DEFINER RETURNS text LANGUAGE c"),
    ],
)  # fmt: skip
def test_a_body_is_what_stands_between_the_quotes_and_nothing_else_is_read_from_it(quoted, body):
    found = function(f"returns int language sql as {quoted}")
    assert found.body == body
    assert (found.returns, found.language, found.volatility) == ("int", "sql", "volatile")
    assert (found.strict, found.security) == (False, "invoker")


@pytest.mark.parametrize(
    ("words", "attribute", "value"),
    [
        ("LANGUAGE 'PLpgSQL'", "language", "plpgsql"),
        ("STABLE", "volatility", "stable"),
        ("stable", "volatility", "stable"),
        ("VOLATILE", "volatility", "volatile"),
        ("strict", "strict", True),
        ("RETURNS NULL\n ON NULL INPUT", "strict", True),
        ("CALLED ON NULL INPUT", "strict", False),
        ("SET note = astrictone", "strict", False),
        ("set note = x", "settings", None),
        ("security\n definer", "security", "definer"),
        ("SECURITY INVOKER", "security", "invoker"),
    ],
)
def test_words_of_a_function(words, attribute, value):
    assert getattr(function(f"RETURNS int {words} AS 'SELECT 1'"), attribute) == value


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        ("timestamp with time zone", "timestamp with time zone"),
        # PostgreSQL's spelling of rows is not to be foreseen.
        ("TABLE (a int)", None),
        ("setof int", None),
        ("text", "text"),
    ],
)
def test_what_a_function_returns(returns, told):
    assert function(f"RETURNS {returns} LANGUAGE sql AS 'SELECT 1'").returns == told


@pytest.mark.parametrize(
    ("kind", "declaration"), [("PGView", View), ("PGMaterializedView", MaterializedView)]
)
def test_a_view_without_a_class(kind, declaration):
    found = metadata()
    query = "SELECT id \\:\\: text FROM ticks"
    declare(found, entity(kind, signature="latest", schema="desk", definition=query))
    (table,) = views_of(found)
    assert (table.schema, table.name) == ("desk", "latest")
    assert type(view_of(table)) is declaration
    assert view_of(table).query == "SELECT id :: text FROM ticks"


@pytest.mark.parametrize("schema", [None, "public"])
def test_a_view_that_a_class_reads_from(schema):
    """A class that names no schema is one of any."""
    found = metadata(schema)
    declare(found, entity("PGView", signature="ticks", definition="SELECT 1 AS id, 'a' AS symbol"))
    (table,) = views_of(found)
    assert (table.name, table.schema, tables_of(found)) == ("ticks", schema, [])
    assert view_of(table).query == "SELECT 1 AS id, 'a' AS symbol"


def test_a_trigger():
    found = trigger(
        "BEFORE INSERT OR UPDATE OF symbol ON public.ticks FOR EACH ROW"
        " WHEN (NEW.id \\:\\: int > 7)"
        ' EXECUTE PROCEDURE "public".stamp() ;'
    )
    assert said_of(found) == {
        "name": "own", "timing": "before", "events": {"insert": (), "update": ("symbol",)},
        "function": "public.stamp()", "level": "row", "condition": "NEW.id :: int > 7",
        "deferrable": None, "transition_tables": (),
    }  # fmt: skip


def test_a_trigger_that_says_little():
    found = trigger("instead of delete on ticks execute function stamp()", on_entity="ticks")
    assert (found.timing, found.level, found.condition) == ("instead of", "statement", None)
    assert found.function == "stamp()"


@pytest.mark.parametrize(
    ("options", "deferrable"),
    [
        ("", "no"),
        ("NOT DEFERRABLE", "no"),
        ("deferrable", "initially immediate"),
        ("DEFERRABLE INITIALLY IMMEDIATE", "initially immediate"),
        ("DEFERRABLE initially\n deferred", "initially deferred"),
    ],
)
def test_when_a_constraint_trigger_acts(options, deferrable):
    definition = f"AFTER INSERT ON ticks {options} FOR EACH ROW EXECUTE FUNCTION stamp()"
    assert trigger(definition, is_constraint=True).deferrable == deferrable
    assert trigger(definition).deferrable is None


def test_a_policy():
    found = policy(
        'AS RESTRICTIVE FOR SELECT TO "Xerxes", "Desk" USING (id \\:\\: int > 0)'
        " WITH CHECK (id > 1);"
    )
    assert said_of(found) == {
        "name": "own", "command": "select", "using": "id :: int > 0", "check": "id > 1",
        "roles": ("Desk", "Xerxes"), "permissive": False,
    }  # fmt: skip


@pytest.mark.parametrize("definition", ["", "AS PERMISSIVE", "as permissive to public"])
def test_a_policy_that_says_little(definition):
    assert said_of(policy(definition)) == {
        "name": "own", "command": "all", "using": None, "check": None, "roles": ("public",),
        "permissive": True,
    }  # fmt: skip


def test_the_table_may_be_in_a_schema():
    found = metadata("desk")
    definition = "AFTER DELETE ON desk.ticks EXECUTE FUNCTION stamp()"
    for name, attributes in (
        ("named", {"on_entity": "desk.ticks"}),
        ("of its own", {"on_entity": "ticks", "schema": "desk"}),
    ):
        declare(
            found,
            entity("PGTrigger", signature=name, definition=definition, is_constraint=False,
                   **attributes),
        )  # fmt: skip
    triggers = all_declared(found.tables["desk.ticks"], Trigger)
    assert [item.name for item in triggers] == ["named", "of its own"]
    assert found.tables.keys() == {"desk.ticks"}


@pytest.mark.parametrize(
    ("attributes", "columns", "grant_option"),
    [
        ({"columns": [], "with_grant_option": False}, (), False),
        ({"columns": ["id", "symbol"], "with_grant_option": True}, ("id", "symbol"), True),
    ],
)
def test_a_grant(attributes, columns, grant_option):
    found = metadata()
    declare(
        found, entity("PGGrantTable", table="ticks", role="reader", grant="UPDATE", **attributes)
    )
    (grant,) = required(found, Grant)
    assert vars(grant) == {
        "privileges": ("update",), "to": "reader", "on": ("public.ticks",), "columns": columns,
        "kind": "table", "grant_option": grant_option,
    }  # fmt: skip


def test_of_two_extensions_more_is_known_than_that_they_are_there():
    found = metadata()
    names = ("plpgsql", "timescaledb", "pg_trgm")
    declare(found, *(entity("PGExtension", signature=name, schema="tools") for name in names))
    (extension,) = required(found, Extension)
    assert vars(extension) == {"name": "pg_trgm", "minimum": None, "schema": "tools"}


def test_declarations_of_ours_and_kinds_that_are_not_known():
    found = metadata()
    setting = Setting("TimeZone", "UTC")
    declare(found, entity("PGSomethingNew", signature="x"), setting)
    assert required(found, object) == [setting]
    # The metadata's info is other people's as well.
    assert all(key.startswith("timescaledb") for key in found.info)


def test_an_entity_that_is_heard_of_twice_is_declared_once():
    """It may be registered with alembic_utils, and given in the models."""
    found = metadata()
    first = entity("PGExtension", signature="pg_trgm")
    declare(found, first, first)
    declare(found, first, entity("PGExtension", signature="hstore"))
    assert [item.name for item in required(found, Extension)] == ["pg_trgm", "hstore"]


def test_entities_that_the_project_has_registered(monkeypatch):
    name = "alembic_utils.replaceable_entity"
    monkeypatch.delitem(sys.modules, name, raising=False)
    assert registered_entities() == []
    registry = SimpleNamespace(entities=lambda: iter(["one", "two"]))
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(registry=registry))
    assert registered_entities() == ["one", "two"]


def refused(kind, **attributes):
    declare(metadata(), entity(kind, **{**ON_TICKS, **attributes}))


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: refused("PGTrigger", definition="WHENEVER"),
    lambda: refused("PGPolicy", definition="FOR FUN OF IT"),
    lambda: refused("PGPolicy", definition="", on_entity="public.nowhere"),
)
