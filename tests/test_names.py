"""Names with every character that PostgreSQL allows, and names that PostgreSQL would cut."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, UniqueConstraint
from sqlalchemy.sql.elements import conv

from conformance.audit import audit
from conformance.declarations import Hypertable
from conformance.engines.base import Template
from conformance.engines.connecting import connect
from conformance.errors import ModelsUnavailable
from conformance.expected import expected_facts
from conformance.pipeline import scope_of

LONG = "x" * 63

#: A name for each kind of character that some language or layer treats in its own way.
NAMES = (
    'a"b', "a'b", "a%b", "%(x)s", "%s", "a:b", ":x", "a;b--c", "/*c*/", "a\\b", "a b", "  lead",
    "tab\tname", "new\nline", "\x01control", "{b}", "[x]", "$1", "$a$", "?", "a@b", "a.b", "select",
    "Ünïcødé", "🦆", "é" * 31, LONG,
)  # fmt: skip


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
