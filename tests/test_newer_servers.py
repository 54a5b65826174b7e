"""A server newer than any that was seen: its catalog has more, less, or other names.

The tool names what it does not know; it neither crashes nor passes over it.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, pool, text

from conformance.audit import audit
from conformance.cli import main
from models import Base

_INFORMATION = "timescaledb_information"
#: Views that TimescaleDB has announced to remove; their successors have other names.
DEPRECATED = (
    "compression_settings", "chunk_compression_settings", "hypertable_compression_settings",
)  # fmt: skip


@pytest.fixture
def database(conformance_engine, schema_template):
    """A migrated database of the test's own."""
    with conformance_engine.database(schema_template) as url:
        yield url


def alter(url, *statements):
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def audited(url):
    return audit(url.render_as_string(hide_password=False), Base.metadata)


def without(view):
    return f"ALTER VIEW {_INFORMATION}.{view} RENAME TO {view}_of_today"


def with_more_columns(url, *views):
    """Give views more columns in front and behind, as a newer version may."""
    for view in views:
        alter(
            url,
            without(view),
            f"CREATE VIEW {_INFORMATION}.{view} AS SELECT 1 AS newest, v.*, 'x'::text AS hypertable"
            f"_kind FROM {_INFORMATION}.{view}_of_today AS v",
        )


def test_views_with_more_columns_are_read_as_before(database):
    with_more_columns(database, "jobs", "hypertables", "dimensions", "chunks")
    assert audited(database).verdict == "conforms"


def test_the_deprecated_views_are_not_needed(database):
    if not_there := missing_successors(database):
        pytest.skip(f"this TimescaleDB has no {not_there[0]}")
    alter(
        database,
        *map(without, DEPRECATED),
    )
    assert audited(database).verdict == "conforms"


def test_a_setting_is_compared_without_the_deprecated_views(database):
    if not_there := missing_successors(database):
        pytest.skip(f"this TimescaleDB has no {not_there[0]}")
    alter(
        database,
        "ALTER TABLE market_data SET (timescaledb.compress_orderby = 'timestamp ASC')",
        *map(without, DEPRECATED),
    )
    (finding,) = audited(database).findings
    assert finding.id == "compression:market_data:order_by"


def missing_successors(url):
    names = [view.replace("compression", "columnstore") for view in DEPRECATED[1:]]
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        return [
            name
            for name in names
            if connection.scalar(text(f"SELECT to_regclass('{_INFORMATION}.{name}')")) is None
        ]


def said(url):
    """What the command says of the database that it cannot check."""
    result = CliRunner().invoke(main, ["audit", url.render_as_string(hide_password=False)])
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("view", ["jobs", "dimensions"])
def test_a_removed_view_ends_in_one_sentence(database, view):
    alter(database, without(view))
    sentence = said(database)
    assert f'not as known: relation "{_INFORMATION}.{view}" does not exist.' in sentence
    assert "use a newer conformance" in sentence


def test_a_removed_column_ends_in_one_sentence(database):
    alter(database, f"ALTER VIEW {_INFORMATION}.jobs RENAME COLUMN proc_name TO routine")
    assert "proc_name does not exist" in said(database)


def test_the_title_of_a_job_does_not_matter(database):
    alter(
        database,
        "UPDATE _timescaledb_config.bgw_job SET application_name = 'Renamed [' || id || ']'",
    )
    assert audited(database).verdict == "conforms"


def test_a_policy_under_another_name_is_named(database, conformance_engine):
    missing = conformance_engine.capabilities.missing("community_edition")
    if missing is not None:
        pytest.skip(missing)
    alter(
        database,
        "CREATE PROCEDURE _timescaledb_functions.policy_columnstore(job_id int, config jsonb)"
        " LANGUAGE plpgsql AS 'BEGIN END'",
        "UPDATE _timescaledb_config.bgw_job SET proc_name = 'policy_columnstore'"
        " WHERE proc_name = 'policy_compression'",
    )
    findings = audited(database).findings
    told = " ".join(f"{finding.id} {finding.message}" for finding in findings)
    assert "policy:market_data.compression:exists" in told
    assert "columnstore" in told
