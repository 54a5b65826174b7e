"""A server newer than any that was seen: its catalog has more, less, or other names.

The tool names what it does not know; it neither crashes nor passes over it.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.audit import audit
from conformance.cli import main
from models import Base
from tests.click_runner import CliRunner

_INFORMATION = "timescaledb_information"
#: Views that TimescaleDB has announced to remove; their successors have other names.
DEPRECATED = (
    "compression_settings", "chunk_compression_settings", "hypertable_compression_settings",
)  # fmt: skip


@pytest.fixture(scope="module")
def database(conformance_engine, schema_template):
    """A migrated database, which each test alters and leaves as it was."""
    with conformance_engine.database(schema_template) as url:
        yield url


@contextmanager
def altered(url, *changes):
    """Execute the first statement of each pair, and at the end the second ones in reverse."""
    execute(url, [change for change, _ in changes])
    try:
        yield
    finally:
        execute(url, [back for _, back in reversed(changes)])


def execute(url, statements):
    with create_engine(url, poolclass=pool.NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def audited(url):
    return audit(url.render_as_string(hide_password=False), Base.metadata)


def without(view):
    today = f"{view}_of_today"
    return (
        f"ALTER VIEW {_INFORMATION}.{view} RENAME TO {today}",
        f"ALTER VIEW {_INFORMATION}.{today} RENAME TO {view}",
    )


def with_more_columns(view):
    """A view with more columns in front and behind, as a newer version may have it."""
    return (
        f"CREATE VIEW {_INFORMATION}.{view} AS SELECT 1 AS newest, v.*, 'x'::text AS hypertable"
        f"_kind FROM {_INFORMATION}.{view}_of_today AS v",
        f"DROP VIEW {_INFORMATION}.{view}",
    )


def test_views_with_more_columns_are_read_as_before(database):
    views = ("jobs", "hypertables", "dimensions", "chunks")
    changes = [change for view in views for change in (without(view), with_more_columns(view))]
    with altered(database, *changes):
        assert audited(database).verdict == "conforms"


def test_the_deprecated_views_are_not_needed(database):
    if not_there := missing_successors(database):
        pytest.skip(f"this TimescaleDB has no {not_there[0]}")
    with altered(database, *map(without, DEPRECATED)):
        assert audited(database).verdict == "conforms"


def test_a_setting_is_compared_without_the_deprecated_views(database):
    if not_there := missing_successors(database):
        pytest.skip(f"this TimescaleDB has no {not_there[0]}")
    order = "ALTER TABLE market_data SET (timescaledb.compress_orderby = '{}')"
    changed = (order.format("timestamp ASC"), order.format("timestamp DESC, frequency, id"))
    with altered(database, changed, *map(without, DEPRECATED)):
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
    with altered(database, without(view)):
        sentence = said(database)
    assert f'not as known: relation "{_INFORMATION}.{view}" does not exist.' in sentence
    assert "use a newer conformance" in sentence


def test_a_removed_column_ends_in_one_sentence(database):
    rename = f"ALTER VIEW {_INFORMATION}.jobs RENAME COLUMN {{}} TO {{}}"
    change = (rename.format("proc_name", "routine"), rename.format("routine", "proc_name"))
    with altered(database, change):
        assert "proc_name does not exist" in said(database)


def test_the_title_of_a_job_does_not_matter(database):
    jobs = "UPDATE _timescaledb_config.bgw_job SET application_name = "
    with altered(database, (f"{jobs} application_name || ' renamed'",
                            f"{jobs} replace(application_name, ' renamed', '')")):  # fmt: skip
        assert audited(database).verdict == "conforms"


def test_a_policy_under_another_name_is_named(database, conformance_engine):
    missing = conformance_engine.capabilities.missing("community_edition")
    if missing is not None:
        pytest.skip(missing)
    procedure = "PROCEDURE _timescaledb_functions.policy_columnstore(job_id int, config jsonb)"
    rename = "UPDATE _timescaledb_config.bgw_job SET proc_name = '{}' WHERE proc_name = '{}'"
    names = ("policy_columnstore", "policy_compression")
    with altered(
        database,
        (f"CREATE {procedure} LANGUAGE plpgsql AS 'BEGIN END'", f"DROP {procedure}"),
        (rename.format(*names), rename.format(*reversed(names))),
    ):
        findings = audited(database).findings
    told = " ".join(f"{finding.id} {finding.message}" for finding in findings)
    assert "policy:market_data.compression:exists" in told
    assert "columnstore" in told
