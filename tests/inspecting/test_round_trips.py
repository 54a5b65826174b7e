"""What `inspect` prints, read back, conforms to the database that it was read from."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from conformance.audit import audit
from conformance.declarations.base import Declaration, attach
from conformance.inspecting.module import metadata_in
from conformance.inspecting.reading import additions, whole_module
from models import Base

from .conftest import address, run

needs_sqlacodegen = pytest.mark.skipif(
    importlib.util.find_spec("sqlacodegen") is None, reason="needs the extra inspect"
)


def findings(inspected, metadata):
    verdict = audit(inspected.address, metadata, schemas=inspected.schemas)
    return [finding.id for finding in verdict.findings]


def comments(source):
    return [line for line in source.splitlines() if line.startswith("#")]


@pytest.fixture(scope="module")
def printed(inspected):
    """The source of a module that says everything."""
    return whole_module(inspected.address, schemas=inspected.schemas)


@needs_sqlacodegen
def test_a_printed_module_conforms(inspected, printed):
    assert "No declaration" not in printed
    assert findings(inspected, metadata_in(printed)) == []


@needs_sqlacodegen
def test_comments_are_kept(conformance_engine, bare):
    with conformance_engine.database(bare) as url:
        run(url, "CREATE TABLE one (a integer); COMMENT ON TABLE one IS 'All: \"of\" them';"
                 "COMMENT ON COLUMN one.a IS 'two\nlines';"
                 "CREATE TABLE two (a integer PRIMARY KEY);"
                 "COMMENT ON TABLE two IS 'again'")  # fmt: skip
        tables = metadata_in(whole_module(address(url))).tables
    assert (tables["one"].comment, tables["two"].comment) == ('All: "of" them', "again")
    assert tables["one"].c.a.comment == "two\nlines"


def without_declarations(metadata):
    """The same tables with their columns and primary keys, and nothing else."""
    poor = MetaData()
    for table in metadata.sorted_tables:
        copy = table.to_metadata(poor)
        copy.indexes.clear()
        copy.info = {}
        for constraint in [*copy.constraints]:
            if not isinstance(constraint, PrimaryKeyConstraint):
                copy.constraints.discard(constraint)
        for column in copy.columns:
            column.foreign_keys.clear()
    return poor


def paste(source, metadata):
    """Do with the printed code what its comments say."""
    names = {"Base": SimpleNamespace(metadata=metadata)}
    exec(source, names)
    for table in metadata.tables.values():
        items = names.get(table.name, ())
        for item in items:
            if isinstance(item, dict):
                table._prefixes.extend(item.get("prefixes", ()))
            elif not isinstance(item, Declaration):
                item._set_parent_with_dispatch(table)
        attach(table, *(item for item in items if isinstance(item, Declaration)))


@needs_sqlacodegen
def test_what_models_lack_is_printed_and_conforms(inspected, printed):
    whole = metadata_in(printed)
    try:
        poor = without_declarations(whole)
    except TypeError:
        pytest.skip("this SQLAlchemy, such as 2.0.29, copies no domain whose default is SQL")
    assert findings(inspected, poor) != []
    source = additions(inspected.address, poor, schemas=inspected.schemas)
    assert "no declaration says it" not in source
    paste(source, poor)
    assert findings(inspected, poor) == []


@needs_sqlacodegen
def test_models_that_say_everything_lack_nothing(inspected, printed):
    whole = metadata_in(printed)
    assert additions(inspected.address, whole, schemas=inspected.schemas) == ""
    everything = additions(inspected.address, whole, schemas=inspected.schemas, everything=True)
    assert "Instead of" not in everything
    assert "declare(" in everything


def doors(*items):
    metadata = MetaData()
    Table("doors", metadata, Column("a", Integer), Column("b", Integer), *items)
    return metadata


def test_another_name_is_printed_in_place_of_the_declared_one(conformance_engine, bare):
    models = doors(Index("ix_a", "a"), UniqueConstraint("b", name="uq_b"))
    with conformance_engine.database(bare) as url:
        run(url, "CREATE TABLE doors (a integer, b integer, CONSTRAINT other UNIQUE (b));"
                 "CREATE INDEX idx_a ON doors (a)")  # fmt: skip
        there = SimpleNamespace(address=address(url), schemas=("public",))
        source = additions(there.address, models)
        assert '    # Instead of ix_a.\n    Index("idx_a", "a"),\n' in source
        assert '    # Instead of uq_b.\n    UniqueConstraint("b", name="other"),\n' in source
        assert "is called" not in source
        pasted = doors()
        paste(source, pasted)
        assert findings(there, pasted) == []
        run(url, "ALTER INDEX idx_a RENAME TO ix_a; CREATE INDEX more ON doors (a, b);"
                 "ALTER TABLE doors RENAME CONSTRAINT other TO uq_b")  # fmt: skip
        source = additions(there.address, models)
    assert 'Index("more", "a", "b")' in source
    assert "Instead of" not in source


def test_a_hypertable_whose_time_index_the_models_declare_replaces_nothing(
    conformance_engine, bare
):
    """As people do so that autogenerate does not drop the index."""
    models = doors(Column("at", DateTime(timezone=True), nullable=False))
    table = models.tables["doors"]
    Index("doors_at_idx", table.c.at.desc())
    with conformance_engine.database(bare) as url:
        run(url, "CREATE TABLE doors (a integer, b integer, at timestamptz NOT NULL);"
                 "SELECT create_hypertable('doors', 'at')")  # fmt: skip
        source = additions(address(url), models)
        assert 'Hypertable("at", chunk_interval="7 days")' in source
        assert "Instead of" not in source


@needs_sqlacodegen
def test_a_column_of_another_name_is_printed_in_place_of_the_declared_one(conformance_engine, bare):
    with conformance_engine.database(bare) as url:
        run(url, "CREATE TABLE doors (a integer, c integer)")
        source = additions(address(url), doors())
    assert "    # Instead of b.\n    c: Mapped[" in source
    assert "is called" not in source


@pytest.fixture
def desk(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        yield SimpleNamespace(address=address(url), schemas=("public",), url=url)


@needs_sqlacodegen
def test_the_schema_of_the_desk(desk):
    source = whole_module(desk.address)
    assert "No declaration" not in source
    assert findings(desk, metadata_in(source)) == []
    assert additions(desk.address, Base.metadata) == ""


@needs_sqlacodegen
def test_what_no_declaration_says_is_named_in_a_comment(desk):
    run(desk.url, "ALTER TABLE instruments ADD CONSTRAINT never CHECK (id > 0);"
                  "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                  "CREATE TRIGGER off BEFORE INSERT ON instruments EXECUTE FUNCTION f();"
                  "ALTER TABLE instruments DISABLE TRIGGER off")  # fmt: skip
    source = whole_module(desk.address)
    said = " ".join(comments(source)).replace("# ", "")
    assert "(trigger:instruments.off:enabled)" in said
    assert findings(desk, metadata_in(source)) == ["trigger:instruments.off:enabled"]


@needs_sqlacodegen
@pytest.mark.usefixtures("community_edition")
def test_the_order_that_an_aggregate_cannot_be_read_with_is_left_out(conformance_engine, bare):
    create = (
        "CREATE MATERIALIZED VIEW daily WITH (timescaledb.continuous) AS"
        " SELECT time_bucket('1 day', at) AS day, count(*) AS n FROM t GROUP BY 1{} WITH NO DATA;"
    )
    with conformance_engine.database(bare) as url:
        made = (
            "CREATE TABLE t (at timestamptz NOT NULL, a int); SELECT create_hypertable('t', 'at');"
        )
        run(url, made + create.format(" ORDER BY sum(a)"))
        source = whole_module(address(url))
        declared = "\n".join(line for line in source.splitlines() if not line.startswith("#"))
        assert "ORDER BY" not in declared
        assert "GROUP BY" in declared
        assert "aggregate-unreadable:daily:alterations" in source
        run(url, f"DROP MATERIALIZED VIEW daily; {create.format('')}")
        assert audit(address(url), metadata_in(source)).findings == ()
