"""A comment of a megabyte, a table of 1,600 columns, thousands of labels: correct, quick, short."""

from __future__ import annotations

import io
import re
import time

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    MetaData,
    NullPool,
    Table,
    Text,
    create_engine,
)
from sqlalchemy.dialects.postgresql import ENUM

from conformance.audit import audit
from conformance.comparing.facts import EXISTS
from conformance.inspecting.reading import whole_module
from conformance.mending.plan import steps_between
from conformance.mending.scene import Ref
from conformance.reports.terminal import Terminal
from conformance.reports.verdict import console

#: PostgreSQL's limit.
COLUMNS = [f"c{number}" for number in range(1600)]
LABELS = [f"label {number}" for number in range(3000)]
LONG = "line\n" * 10_000


@pytest.fixture(scope="module")
def large(conformance_engine):
    """The URL of the database."""
    with conformance_engine.database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            raw = connection.connection.cursor()
            raw.execute("SET client_min_messages = error; CREATE EXTENSION timescaledb")
            raw.execute(f"CREATE TABLE wide ({', '.join(f'{name} text' for name in COLUMNS)})")
            raw.execute("COMMENT ON TABLE wide IS %s", ("x" * 1_000_000,))
            raw.execute("COMMENT ON COLUMN wide.c1 IS %s", ("\x1b[2J\n" * 200_000,))
            raw.execute(f"CREATE TYPE many AS ENUM ({str(LABELS)[1:-1]})")
            raw.execute("CREATE TABLE uses (id bigint PRIMARY KEY, kind many)")
            raw.execute("ALTER TABLE uses ADD note text CONSTRAINT big CHECK (note <> %s)", (LONG,))
            raw.execute("CREATE VIEW v AS SELECT id, %s::text AS t FROM uses", (LONG,))
        yield url.render_as_string(hide_password=False)


def models():
    """Each table differs in one of its large parts."""
    metadata = MetaData()
    Table("wide", metadata, *(Column(name, Text) for name in COLUMNS[1:]))
    Table(
        "uses",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", ENUM(*LABELS[1:], name="many")),
        Column("note", Text),
        CheckConstraint(f"note <> '{LONG}x'", name="big"),
    )
    return metadata


def test_audit(large):
    started = time.monotonic()
    verdict = audit(large, models())
    assert time.monotonic() - started < 20
    assert {finding.id for finding in verdict.findings} == {
        "type:many:labels", "column:wide.c0:exists", "check:uses.big:expression", "view:v:exists",
    }  # fmt: skip
    file = io.StringIO()
    console.show(verdict, Terminal(file=file, force_terminal=False, width=80))
    # A message, its hint and its id.
    messages = re.split(r"\n\n", file.getvalue().partition("\n  engine")[0])
    assert max(len(message.splitlines()) for message in messages) <= 10 + 4


def test_inspect(large):
    started = time.monotonic()
    source = whole_module(large)
    assert time.monotonic() - started < 30
    assert "cannot be read back" not in source
    assert "No declaration says this" not in source
    assert source.count("mapped_column(") + source.count("Column('c") >= 1600
    assert not {"\x1b", "\r"} & set(source)


def test_labels_are_not_looked_for_one_by_one():
    labels = tuple(map(str, range(40_000)))
    before = {Ref("type", "many"): {EXISTS: True, "labels": labels[1:]}}
    after = {Ref("type", "many"): {EXISTS: True, "labels": labels}}
    started = time.monotonic()
    steps, _, _ = steps_between(before, after)
    assert [step.sql for step in steps] == ["ALTER TYPE many ADD VALUE '0' BEFORE '1'"]
    assert time.monotonic() - started < 3
