"""Audits of servers that are not as they come out of the box: the verdict is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Interval,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from conformance.audit import audit, reading
from conformance.declarations import Hypertable
from conformance.engines.base import Template
from conformance.engines.connecting import connect, parse_url
from conformance.engines.server.url import UrlEngine
from conformance.errors import EngineUnavailable
from tests.gate.projects import Project, sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.comparing.verdict import Verdict
    from conformance.engines.base import Engine

PROJECT = Path(__file__).parents[2]

#: What a role, a database or a server may have set for its applications.
SETTINGS = {
    "datestyle": "SQL,DMY",
    "intervalstyle": "sql_standard",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "timezone": "Asia/Kathmandu",
    "search_path": "pg_catalog,nowhere",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "statement_timeout": "1s",
    "idle_in_transaction_session_timeout": "1s",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "client_min_messages": "error",
}


#: Those of them that an audit has of its own.
TIMEOUTS = ("statement_timeout", "idle_in_transaction_session_timeout")

METADATA = MetaData()
Table(
    "readings",
    METADATA,
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("day", Date, server_default=text("'2024-03-02'")),
    Column("since", DateTime(timezone=True), server_default=text("'2024-03-02 01:00+00'")),
    Column("span", Interval, server_default=text("'-1 day -02:03:00'")),
    Column("value", Double, server_default=text("0.1")),
    Column("raw", LargeBinary, server_default=text(r"'\x00ff'")),
    Column("note", Text, server_default=text("'it''s \\ here'")),
    Column("kind", Enum("a", "b", name="kind_of_reading"), server_default=text("'a'")),
    CheckConstraint("day <> date '01/02/2024' AND (note = NULL) IS NULL", name="ck_meaning"),
    CheckConstraint("day > date '2024-01-02' AND note <> 'a\\b'", name="ck_readings"),
    Hypertable("at", chunk_interval="7 days", time_index=False),
)


@pytest.fixture(scope="module")
def database(server_engine: Engine) -> Iterator[URL]:
    """A database in which everything is as METADATA says."""

    def prepare(url: URL) -> None:
        with connect(url, autocommit=True) as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")
            METADATA.create_all(connection)
            connection.exec_driver_sql(
                "SELECT create_hypertable('readings', 'at', chunk_time_interval => interval"
                " '7 days', create_default_indexes => false)"
            )

    with server_engine.database(Template("readings", "readings", prepare)) as url:
        yield url


def verdict_on(url: URL) -> Verdict:
    return audit(url.render_as_string(hide_password=False), METADATA)


def test_settings_of_the_session_change_nothing(database: URL) -> None:
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    strange = database.update_query_dict({"options": options})
    with connect(strange) as connection:
        assert connection.scalar(text("SHOW timezone")) == SETTINGS["timezone"]
    with reading(strange) as connection:
        found = [connection.scalar(text(f"SHOW {name}")) for name in TIMEOUTS]
    assert found == ["1min", "5min"]
    plain, odd = verdict_on(database), verdict_on(strange)
    assert (plain.verdict, plain.findings) == ("conforms", ())
    assert (odd.verdict, odd.findings, odd.facts) == ("conforms", (), plain.facts)


#: Settings of which each alone changes how dates, names or texts are read and printed.
ALONE = {
    "datestyle": "SQL, DMY",
    "search_path": "attic, pg_catalog",
    "standard_conforming_strings": "off",
}
#: psycopg2 asks for ISO itself, and leaves the order of day and month.
SHOWN = {"datestyle": "ISO, DMY"}
ROLE = "odd_settings_of_a_test"
#: One of a role is a finding if it switches a check off for everybody who logs in so.
OF_ROLE = {"standard_conforming_strings": {f"setting:standard_conforming_strings.{ROLE}:exists"}}


@contextmanager
def role_with(server: URL, setting: str, value: str) -> Iterator[URL]:
    """The URL with a role that has the setting alone."""
    with connect(server, autocommit=True) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD 'odd'")
        connection.exec_driver_sql(f"ALTER ROLE {ROLE} SET {setting} = {value}")
    try:
        url = server.set(username=ROLE, password="odd")
        with connect(url) as connection:
            assert connection.scalar(text(f"SHOW {setting}")) == SHOWN.get(setting, value)
        yield url
    finally:
        with connect(server, autocommit=True) as connection:
            connection.exec_driver_sql(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize("setting", ALONE)
def test_a_setting_of_the_role_alone_in_an_audit(database: URL, setting: str) -> None:
    plain = verdict_on(database)
    with role_with(database, setting, ALONE[setting]) as url:
        odd = verdict_on(url)
    assert {finding.id for finding in odd.findings} == OF_ROLE.get(setting, set())
    assert odd.facts == plain.facts


@pytest.mark.parametrize("setting", ALONE)
def test_a_setting_of_the_database_alone_in_an_audit(database: URL, setting: str) -> None:
    plain = verdict_on(database)
    alter = f'ALTER DATABASE "{database.database}"'
    with connect(database, autocommit=True) as connection:
        connection.exec_driver_sql(f"{alter} SET {setting} = {ALONE[setting]}")
    try:
        with connect(database) as connection:
            assert connection.scalar(text(f"SHOW {setting}")) == SHOWN.get(setting, ALONE[setting])
        odd = verdict_on(database)
    finally:
        with connect(database, autocommit=True) as connection:
            connection.exec_driver_sql(f"{alter} RESET {setting}")
    assert {finding.id for finding in odd.findings} == {f"setting:{setting}:exists"}
    assert odd.facts == plain.facts


#: The literals mean the same whatever the settings of the role are.
STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "SET LOCAL search_path = public",
    r"""CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL,
    day date NOT NULL DEFAULT '2024-03-02', note text NOT NULL DEFAULT E'it''s \\\\ here',
    CONSTRAINT pk_notes PRIMARY KEY (id, at), CONSTRAINT uq_notes UNIQUE (day, at),
    CONSTRAINT ck_notes CHECK (day > date '2024-01-02' AND note <> E'a\\\\b'))""",
    "SELECT create_hypertable('notes', 'at', chunk_time_interval => interval '7 days')",
)
MODELS = r"""
from sqlalchemy import *
from conformance import Hypertable
metadata = MetaData()
Table("notes", metadata,
    Column("id", BigInteger, Identity(always=True)), Column("at", DateTime(timezone=True)),
    Column("day", Date, nullable=False, server_default=text("'2024-03-02'")),
    Column("note", Text, nullable=False, server_default=text(r"'it''s \\ here'")),
    PrimaryKeyConstraint("id", "at", name="pk_notes"),
    UniqueConstraint("day", "at", name="uq_notes"),
    CheckConstraint(r"day > date '2024-01-02' AND note <> 'a\\b'", name="ck_notes"),
    Hypertable("at", chunk_interval="7 days"),
)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value"),
    # Alembic creates its own table in the first schema that exists.
    [*{**ALONE, "search_path": "attic, public"}.items()],
)
def test_a_setting_of_the_role_alone_in_a_check(
    server: URL, tmp_path: Path, setting: str, value: str
) -> None:
    project = Project.made_in(tmp_path)
    (tmp_path / "alembic/versions/0001_base.py").unlink()
    project.revision(sql(*STATEMENTS), sql("DROP TABLE public.notes"), parent=None)
    (tmp_path / "models_of_notes.py").write_text(MODELS)
    with role_with(server, setting, value) as url:
        done = subprocess.run(
            [sys.executable, "-c", "from conformance.cli import main; main()", "check", "--engine",
             url.render_as_string(hide_password=False), "--models", "models_of_notes:metadata",
             "-k", "test_facts or test_rows", "--examples", "5"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    verdict = json.loads((tmp_path / "build/conformance/verdict.json").read_text())
    found = {finding["id"] for finding in verdict.get("findings", ())}
    assert found == OF_ROLE.get(setting, set()), done.stderr
    assert done.returncode == bool(found), done.stderr
    assert verdict["counts"]["rows"] > 0


@pytest.mark.slow
def test_a_hot_standby(own_engine: Engine) -> None:
    """It has the schema of its primary, and no room for databases of a run."""
    assert own_engine.server_url is not None
    with own_engine.database() as url:
        with connect(url, autocommit=True) as connection:
            connection.exec_driver_sql("CREATE EXTENSION timescaledb")
            folder = connection.scalar(text("SHOW data_directory"))
            connection.execute(text(f"COPY (SELECT '') TO '{folder}/standby.signal'"))
        own_engine.restart()
        try:
            found = audit(url.render_as_string(hide_password=False), MetaData())
            with pytest.raises(EngineUnavailable, match="is a standby, which is read-only"):
                UrlEngine(parse_url(own_engine.server_url)).start()
        finally:
            with connect(url, autocommit=True) as connection:
                connection.exec_driver_sql("SELECT pg_promote()")
    assert found.verdict == "conforms"
