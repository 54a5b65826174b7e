"""Audits of servers that are not as they come out of the box: the verdict is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.comparing.verdict import Verdict
    from conformance.engines.base import Engine

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
