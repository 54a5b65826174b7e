"""Names with every character that PostgreSQL allows, and names that PostgreSQL would cut."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.elements import conv

from conformance.audit import audit
from conformance.checking.session import session_of
from conformance.comparing.tokens import quoted_table
from conformance.declarations import Hypertable
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.errors import ModelsUnavailable
from conformance.expected import expected_facts
from conformance.expected.spelling import dialect
from conformance.pipeline import scope_of
from conformance.population.digests import digest
from conformance.population.filling import fill_every_state
from conformance.population.reflection import reflect
from conformance.upgrade.dumping import copy_rows
from tests.gate.projects import Project, models, sql

LONG = "x" * 63

#: A name for each kind of character that some language or layer treats in its own way.
NAMES = (
    'a"b', "a'b", "a%b", "%(x)s", "%s", "a:b", ":x", "a;b--c", "/*c*/", "a\\b", "a b", "  lead",
    "tab\tname", "new\nline", "\x01control", "{b}", "[x]", "$1", "$a$", "?", "a@b", "a.b", "select",
    "Ünïcødé", "🦆", "é" * 31, LONG,
)  # fmt: skip


@pytest.fixture
def session(pytestconfig):
    return session_of(pytestconfig)


def metadata_of_all_names() -> MetaData:
    """Each name is that of a table, a column, a constraint and an index."""
    metadata = MetaData()
    for number, name in enumerate(NAMES):
        short = name.encode()[:50].decode(errors="ignore")
        Table(
            name,
            metadata,
            Column("at", Integer, primary_key=True, autoincrement=False),
            Column(name, Integer),
            UniqueConstraint(name, "at", name=f"{short} unique{number}"),
            Index(f"{short} index{number}", name),
            Hypertable("at", chunk_interval=1000),
        )
    return metadata


def test_names_of_every_character(conformance_engine):
    metadata = metadata_of_all_names()
    quote = "SELECT create_hypertable(%s::regclass, %s::name, chunk_time_interval => 1000)"

    def prepare(url):
        with connect(url, autocommit=True) as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")
            metadata.create_all(connection)
            for name in NAMES:
                quoted = '"{}"'.format(name.replace('"', '""'))
                connection.exec_driver_sql(quote, (quoted, "at"))

    with conformance_engine.database(Template("names", "names", prepare)) as url:
        verdict = audit(url.render_as_string(hide_password=False), metadata)
    # The automatic index of the time column is not declared here.
    assert {finding.kind for finding in verdict.findings} <= {"index"}
    assert min(verdict.by_kind[kind] for kind in ("unique", "hypertable")) >= len(NAMES)


def plain_metadata(columns):
    """Each name is that of a table and of a column."""
    metadata = MetaData()
    for name in NAMES:
        Table(name, metadata, Column("id", Integer, primary_key=True), *columns(name))
    return metadata


def test_rows_of_tables_of_every_name(server_engine):
    """They are reflected, filled, digested and copied, as the gate and an upgrade do it."""
    metadata = plain_metadata(lambda name: [Column(name, Integer), Column(f"{name[:9]}%", Text)])
    found = []
    with server_engine.database() as source, server_engine.database() as target:
        for url in (source, target):
            with connect(url, autocommit=True) as connection:
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS timescaledb")
                metadata.create_all(connection)
        with connect(source) as connection:
            fill_every_state(connection, reflect(connection), compress=False)
            connection.commit()
        copy_rows(source, target, metadata)
        for url in (source, target):
            with connect(url) as connection:
                tables = metadata.sorted_tables
                found.append([digest(connection, quoted_table(table)) for table in tables])
    assert found[0] == found[1]
    assert all(contents.rows for contents in found[0])


def test_the_gate_on_tables_of_every_name(session, tmp_path):
    project = Project.made_in(tmp_path)
    metadata = plain_metadata(lambda name: [Column(name, Integer)])
    made = [str(CreateTable(table).compile(dialect=dialect())) for table in metadata.sorted_tables]
    named = [quoted_table(table) for table in metadata.sorted_tables]
    for number, up, down in (
        (2, made, [f"DROP TABLE {name}" for name in named]),
        (3, [f"ALTER TABLE {name} ADD new int" for name in named],
         [f"ALTER TABLE {name} DROP new" for name in named]),
    ):  # fmt: skip
        project.revision(
            *(sql(*(each.replace(":", "\\:") for each in some)) for some in (up, down)),
            revision=f"000{number}",
            parent=f"000{number - 1}",
        )
    expected = models()
    for table in metadata.sorted_tables:
        table.append_column(Column("new", Integer))
        table.to_metadata(expected)
    report = project.rehearse(session, expected, since="0002")
    # In the output of `alembic upgrade --sql` each % stands twice.
    assert {finding.code for finding in report.findings} == {"offline-differs"}


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda m: Table(f"{LONG}one", m, Column("n", Integer)), f"table {LONG}one has 66 bytes"),
        (lambda m: Table("t", m, Column("é" * 32, Integer)), f"column {'é' * 32} of t has 64"),
        (
            lambda m: Table("t", m, Column("n", Integer), UniqueConstraint("n", name=f"{LONG}u")),
            f"constraint {LONG}u of t",
        ),
        (
            lambda m: Table("t", m, Column("n", Integer), Index(f"{LONG}i", "n")),
            f"index {LONG}i of t",
        ),
        (lambda m: Table("t", m, Column("n", Integer), schema=f"{LONG}s"), f"schema {LONG}s of t"),
    ],
)
def test_a_name_that_postgresql_would_cut(declare, words):
    """Two that begin alike would be one, and what the models call so would never be found."""
    declare(metadata := MetaData())
    with pytest.raises(ModelsUnavailable) as caught:
        scope_of(metadata)
    assert words in caught.value.problem
    assert caught.value.problem.endswith("PostgreSQL keeps 63 and cuts the rest.")


def test_a_name_that_sqlalchemy_shortens():
    metadata = MetaData()
    unique = UniqueConstraint("n", name=conv(f"{LONG}unique"))
    Table("t", metadata, Column("n", Integer), unique)
    scope_of(metadata)
    names = {key.name for key in expected_facts(metadata) if key.kind == "unique"}
    assert all(len(name) <= 63 for name in names)
