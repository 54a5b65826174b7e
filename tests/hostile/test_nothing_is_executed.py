"""A superuser reads a database, and executes nothing that the database defines."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import CheckConstraint, Column, MetaData, NullPool, Table, Text, create_engine
from sqlalchemy.types import BigInteger

from conformance.audit import audit
from conformance.auditing.against import audit_against, read_other
from conformance.inspecting.reading import whole_module


@pytest.fixture
def sprung(monkeypatch):
    """The traps that statements spring, also those that SQLAlchemy sends by itself: warnings."""
    found = []

    class Cursor(psycopg2.extensions.cursor):
        def execute(self, query, parameters=None):
            try:
                super().execute(query, parameters)
            finally:
                notices = self.connection.notices
                found.extend(f"{item}: {query}" for item in notices if "SPRUNG" in item)
                notices.clear()

    connect = psycopg2.connect
    monkeypatch.setattr(
        psycopg2, "connect", lambda *a, **k: connect(*a, **k, cursor_factory=Cursor)
    )
    return found


def models():
    metadata = MetaData()
    Table(
        "prices",
        metadata,
        Column("at", BigInteger, nullable=False),
        Column("label", Text),
        CheckConstraint("lower('A'::text) = 'a'", name="ck_models"),
        CheckConstraint("held(1)", name="ck_constant"),
        CheckConstraint("held(at)", name="ck_plain"),
    )
    return metadata


def address(url):
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT public.held(1)",
        "EXPLAIN SELECT public.held(1)",
        "EXPLAIN SELECT public.inlined()",
        "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = 'pg_catalog.pg_class'::regclass",
    ],
)
def test_the_traps_work(trapped, sprung, sql):
    # SQLAlchemy would ask for hstore, and a shadowed operator would call any type that.
    engine = create_engine(trapped, poolclass=NullPool, use_native_hstore=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(sql)
    assert sprung


def test_audit_executes_nothing(trapped, sprung):
    sizes = []
    verdict = audit(address(trapped), models(), measured=sizes.append)
    assert sprung == []
    assert sizes
    found = {finding.id for finding in verdict.findings}
    assert "check:prices.ck_models:exists" in found
    # What the planner may safely see, or what is written alike, conforms.
    assert "check:prices.ck_plain:condition" not in found
    (reason,) = (item.reason for item in verdict.not_checked if "integer-now-far" in item.id)
    assert "superuser" in reason


def test_audit_against_executes_nothing(trapped, sprung):
    audit_against(address(trapped), read_other(address(trapped)))
    assert sprung == []


def test_inspect_executes_nothing(trapped, sprung):
    assert "ck_plain" in whole_module(address(trapped))
    assert sprung == []
