"""Names, defaults, comments and labels of a database put no code into what is generated."""

from __future__ import annotations

import ast
import builtins
import textwrap
from types import SimpleNamespace

import pytest
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import UpgradeOps
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, NullPool, Table, Text, create_engine, text
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.facts import EXISTS, Query, parts_of_signature
from conformance.inspecting.code import Call, Lines, comment, rendered
from conformance.inspecting.module import metadata_in
from conformance.inspecting.reading import whole_module
from conformance.literals import on_one_line
from conformance.mending.plan import plan_for, steps_between
from conformance.mending.proposing import ExecuteSteps
from conformance.mending.report import Unmended
from conformance.mending.revision import call, downgrade_body, statements, upgrade_body
from conformance.mending.scene import Ref, Step
from conformance.pipeline import check_database

#: Each tries to end what it stands in: a comment, a literal, a block, a template, a statement.
NAMES = (
    "a\nspring()\n#", "b\r\x0cspring()\r#", 'c"""\nspring()\n"""', "d'+spring()+'\n'''", "g\\",
    'h\\"+spring()#', "i{spring()}${spring()}", "j%(x)s %s :y::z \\:w :v:", "s\u202e\u2028\x85",
    "l$mend$; CREATE TABLE pwned(a int); $mend$", "m'); CREATE TABLE pwned(a int); --",
    "n\n% spring()\n<% spring() %>", "v()\n; CREATE TABLE pwned(a int); --", "__init__", "text",
    "w WHEN (true) EXECUTE FUNCTION pwned(); --", "\\'; CREATE TABLE pwned(a int); --",
)  # fmt: skip
#: What a hostile name has between the words of the statement.
OBJECTS = """
CREATE TABLE {name} (id bigint NOT NULL, {name} text DEFAULT {text},
    CONSTRAINT {key} PRIMARY KEY (id), CONSTRAINT {check} CHECK ({name} <> {text}));
COMMENT ON TABLE {name} IS {text};
COMMENT ON COLUMN {name}.{name} IS {text};
CREATE INDEX {index} ON {name} (lower({name})) WHERE {name} <> {text};
CREATE TYPE {type} AS ENUM ({text}, 'other');
CREATE DOMAIN {domain} AS text DEFAULT {text} CHECK (VALUE <> {text});
ALTER TABLE {name} ADD COLUMN kind {type}, ADD COLUMN domain {domain};
CREATE VIEW {view} AS SELECT {name} AS {type}, {text}::text AS value FROM {name};
CREATE SEQUENCE {sequence};
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = {text}, public
    AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER {name} BEFORE INSERT ON {name} FOR EACH ROW WHEN (new.id > 0)
    EXECUTE FUNCTION {function}();
CREATE POLICY {policy} ON {name} USING ({name} <> {text});
"""
#: SQLAlchemy 2.0 evaluates the name of a table between two others, if a relationship has it.
BETWEEN = """
CREATE TABLE one (id bigint PRIMARY KEY);
CREATE TABLE two (id bigint PRIMARY KEY);
CREATE TABLE "spring()" (
    one bigint REFERENCES one, two bigint REFERENCES two, PRIMARY KEY (one, two)
);
"""
PARTS = ("key", "check", "index", "type", "domain", "view", "sequence", "function", "policy")


def in_names(item: str) -> str:
    return '"{}"'.format(item.replace('"', '""'))


def in_texts(item: str) -> str:
    return "'{}'".format(item.replace("'", "''"))


@pytest.fixture(scope="module")
def hostile(conformance_engine):
    """The URL of a database whose names and texts try to become code."""
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            raw = connection.connection.cursor()
            raw.execute("SET client_min_messages = error; CREATE EXTENSION timescaledb")
            for name in NAMES:
                named = {part: in_names(f"{part[0]}{name}") for part in PARTS}
                raw.execute(OBJECTS.format(name=in_names(name), text=in_texts(name), **named))
            raw.execute(BETWEEN)
        yield url


@pytest.fixture
def sprung(monkeypatch):
    """What the names have called."""
    found = []
    monkeypatch.setattr(builtins, "spring", lambda: found.append("sprung"), raising=False)
    return found


def test_inspect(hostile, sprung):
    source = whole_module(hostile.render_as_string(hide_password=False))
    assert "cannot be read back" not in source
    assert source.replace("\n", "").isprintable()
    # SQLAlchemy does not recognize types of some names.
    left = [line for line in source.splitlines() if line.startswith("# - ")]
    assert all(line.startswith(("# - enum type", "# - domain")) for line in left)
    assert {*NAMES} <= {*metadata_in(source).tables}
    assert "secondary=" not in source
    assert sprung == []
    tree = ast.parse(source)
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls <= imported | {"OtherType"}


def test_fix(hostile, sprung):
    """The revision runs up and down; the database is then as before."""
    metadata = MetaData()
    # The database's column of the same type could be this one under another name.
    columns = (Column("id", BigInteger, primary_key=True, autoincrement=False), Column("new", Text))
    Table(NAMES[0], metadata, *columns)
    engine = create_engine(hostile, poolclass=NullPool)
    with engine.connect() as connection:

        def compared():
            capabilities = Capabilities(community_edition=True)
            return check_database(connection, metadata, capabilities)

        before = compared()
        plan = plan_for(before, guarded=True)
        assert not plan.unmended
        connection.exec_driver_sql("SET standard_conforming_strings = off")
        run(connection, upgrade_body(plan))
        after = compared()
        assert {key.table for key in after.sides[1] if key.kind == "table"} == {NAMES[0]}
        connection.exec_driver_sql("SET standard_conforming_strings = off")
        run(connection, downgrade_body(plan))
        again = compared().sides[1]
        # The columns are in another order, which the plan of a query shows.
        lost = [
            key
            for key, value in before.sides[1].items()
            if getattr(again.get(key), "text", again.get(key)) != getattr(value, "text", value)
        ]
        assert lost == []
        assert again.keys() == before.sides[1].keys()
        connection.rollback()
    assert sprung == []


def run(connection, body):
    source = "\n".join(["def go(op):", textwrap.indent(body, "    "), "    return"])
    context = MigrationContext.configure(connection)
    names = {}
    exec(source, names)
    names["go"](Operations(context))


TEXTS = st.text(st.sampled_from("ab:$'\"\\%{}\n\r\t \x0c\x85\u2028#;")) | st.text()


def executed(source, indented="    "):
    """The SQL that the driver gets from the code."""
    found = []
    body = ast.parse(f"if True:\n{textwrap.indent(source, indented)}").body[0].body
    assert all(ast.unparse(node).startswith("op.execute(") for node in body)
    exec(
        f"if True:\n{textwrap.indent(source, indented)}",
        {"op": SimpleNamespace(execute=found.append)},
    )
    dialect = PGDialect_psycopg2()
    compiled = [text(sql).compile(dialect=dialect) for sql in found]
    assert not any(item.params for item in compiled)
    return [str(item) % () for item in compiled]


@given(TEXTS)
@example("SELECT ':a:b', '\\:c', 'x::y', ':d:'")
@example('"a\n\n"')
@example('x"""\ny"""')
@example("'a\n  b:\n'")
def test_a_statement_is_executed_as_it_is(sql):
    (found,) = executed(call(f"SELECT {sql}x"))
    assert " ".join(found.split()) == " ".join(f"SELECT {sql}x".split())
    if "'" in sql or '"' in sql:
        assert found.strip().replace("\n        ", "\n") == f"SELECT {sql}x".strip()


@pytest.mark.parametrize("quote", "'\"")
def test_a_line_within_quotes_is_not_indented(quote):
    (found,) = executed(call(f"SELECT {quote}a\nb{quote}\nFROM t"))
    assert f"{quote}a\nb{quote}" in found


def test_a_line_within_quotes_is_not_indented_after_quotes_within_others():
    sql = """COMMENT ON COLUMN t."it's" IS 'it''s one\ny'"""
    assert executed(call(sql)) == [sql]


@given(TEXTS)
@example("a\n\nb:\nc")
def test_autogenerate_writes_a_statement_as_it_is(sql):
    steps = (Step(5, 0, f"SELECT {sql}x", sql), Step(5, 0, "SELECT 2"))
    source = render_python_code(UpgradeOps([ExecuteSteps(steps, ())]))
    found = executed(textwrap.dedent(f"    {source}"))
    assert [" ".join(item.split()) for item in found] == [" ".join(s.sql.split()) for s in steps]


@given(TEXTS)
@example('x\n"""')
def test_a_text_is_a_literal(value):
    code = rendered(Call("f", (value, Lines(value)), {"x": [value, {value: value}]}))
    assert ast.literal_eval(rendered(value)) == value == ast.literal_eval(rendered(Lines(value)))
    (found,) = ast.parse(code).body
    assert [item.value for item in ast.walk(found) if isinstance(item, ast.Constant)] == [value] * 5
    assert code.replace("\n", "").isprintable()


@given(TEXTS)
def test_a_text_in_a_comment_is_a_comment(value):
    step = Step(1, 0, "SELECT 1", note=value)
    assert on_one_line(value).isprintable()
    assert executed("\n".join(statements([step]))) == ["SELECT 1"]
    assert not ast.parse(comment(value)).body


def test_reasons_are_comments():
    from conformance.mending.plan import Plan

    plan = Plan((), (), unmended=(Unmended("table:a\nspring()", "b\nspring()"),))
    assert not ast.parse(upgrade_body(plan)).body


def test_no_statement_names_an_object_that_another_name_means():
    """A table `other.prices` of the default schema, and an index `<prices_at_idx>`."""
    before = {
        Ref("table", "other.prices"): {EXISTS: True, "kind": "table"},
        Ref("table", "a.b.c"): {EXISTS: True, "kind": "table"},
        Ref("table", "prices"): {EXISTS: True, "kind": "table"},
        Ref("index", "prices", "<prices_at_idx>"): {EXISTS: True, "columns": ()},
        Ref("foreign_key", "prices", "fk"): {EXISTS: True, "references": "other.prices (id)"},
    }
    from conformance.mending.unclear import unclear

    assert unclear({}, before, ("public",)) == {*before} - {Ref("table", "prices")}
    assert Ref("table", "other.prices") not in unclear({}, before, ("public", "other"))


def test_statements_about_a_function_name_it_whole():
    ref = Ref("function", "f(); DROP TABLE t; --(integer)")
    parts = {EXISTS: True, "strict": False, "settings": ()}
    path = 'search_path="$user", "a""b", c;DROP/**/TABLE/**/t'
    steps, failed, _ = steps_between({ref: parts}, {ref: {**parts, "settings": (path,)}})
    name = '"f(); DROP TABLE t; --"(integer)'
    assert not failed
    assert [step.sql for step in steps] == [
        f"ALTER FUNCTION {name} RESET ALL",
        f"ALTER FUNCTION {name} SET search_path TO '$user', 'a\"b', 'c;DROP/**/TABLE/**/t'",
    ]


@pytest.mark.parametrize(
    "on", ["tables of r; DROP TABLE t; -- of x", "tables of some one", "tables of r in a b"]
)
def test_a_privilege_on_a_name_with_white_space_is_left(on):
    parts = {EXISTS: True, "privileges": ("select",)}
    steps, failed, _ = steps_between({}, {Ref("default_privilege", on, "reader"): parts})
    assert (steps, len(failed)) == ([], 1)
    for name in ("schema secret x", "victim (a b)", "two words"):
        assert steps_between({}, {Ref("privilege", name, "reader"): parts})[0] == []


@pytest.mark.parametrize(
    ("given", "name", "arguments"),
    [
        ("f(integer, text)", "f", "(integer, text)"),
        ("f(); DROP TABLE t; --()", "f(); DROP TABLE t; --", "()"),
        ('f("a(b", "c""(d")', "f", '("a(b", "c""(d")'),
    ],
)
def test_a_name_is_not_taken_for_arguments(given, name, arguments):
    assert parts_of_signature(given) == (name, arguments)


def test_views_that_name_each_other_take_no_longer():
    names = [f"x.{'v' * number}" for number in range(1, 30)]
    query = Query.written(" ".join(name[2:] for name in names))
    views = {Ref("view", name): {EXISTS: True, "definition": query} for name in names}
    steps, _, _ = steps_between(views, {})
    assert len(steps) == len(names)
