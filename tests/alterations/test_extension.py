"""The extension itself: version, edition, restoring mode."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import MetaData

from conformance.declarations import TimescaleDB
from conformance.pipeline import check_database

from .cases import Alteration, ModelEdit, parametrize

VERSION = "extension:timescaledb:version"
RESTORING = "extension:timescaledb:restoring"
SEQUENCES_BEHIND = "extension:timescaledb:sequences_behind"


ALTERATIONS = (
    Alteration("restoring", "SET LOCAL timescaledb.restoring = on", {RESTORING}),
    Alteration("restoring in other words", "SET LOCAL timescaledb.restoring = true", {RESTORING}),
    Alteration(
        "restoring begun", "SELECT set_config('timescaledb.restoring', '1', true)", {RESTORING}
    ),
    Alteration("not restoring", "SET LOCAL timescaledb.restoring = off"),
    Alteration(
        "blind to DDL",
        "ALTER EVENT TRIGGER timescaledb_ddl_command_end DISABLE",
        {"extension:timescaledb:disabled_event_triggers"},
    ),
    Alteration(
        "blind to DDL but on a replica",
        "ALTER EVENT TRIGGER timescaledb_ddl_command_end ENABLE REPLICA",
        {"extension:timescaledb:disabled_event_triggers"},
    ),
    Alteration(
        "numbers of chunks begun again",
        "INSERT INTO curves (curve_date, curve_id, tenor_days, rate)"
        " VALUES ('2020-01-01', 'DI', 1, 1);"
        "ALTER SEQUENCE _timescaledb_catalog.chunk_id_seq RESTART WITH 1",
        {SEQUENCES_BEHIND},
    ),
    Alteration(
        "the last number of a hypertable not yet given",
        # setval() would outlast the test's transaction.
        "DO $$ BEGIN EXECUTE format("
        "'ALTER SEQUENCE _timescaledb_catalog.hypertable_id_seq RESTART WITH %s',"
        " (SELECT max(id) FROM _timescaledb_catalog.hypertable)); END $$",
        {SEQUENCES_BEHIND},
    ),
    Alteration("enabled always", "ALTER EVENT TRIGGER timescaledb_ddl_command_end ENABLE ALWAYS"),
)


def _requirement(name: str, arguments: str, findings: set[str]) -> ModelEdit:
    """The models need this of their server."""
    return ModelEdit(
        name,
        "__init__.py",
        "__all__ = [",
        f"TimescaleDB({arguments}).require(Base.metadata)\n\n__all__ = [",
        findings,
        imports="from conformance.declarations import TimescaleDB",
    )


EDITS = (
    _requirement("minimum in the future", 'minimum="99.0"', {VERSION}),
    _requirement("minimum in the far future", 'minimum="2.999.0"', {VERSION}),
    _requirement("minimum in the past", 'minimum="2.9"', set()),
    _requirement("either edition", "community=False", set()),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


def test_community_edition_is_not_asked_of_the_apache_edition(database):
    """It could not be decided, and is not passed over in silence."""
    apache = replace(database.capabilities, community_edition=False)
    compared = check_database(database.connection, database.metadata, apache)
    assert not compared.findings
    kinds = {key.kind for key in compared.not_checked}
    assert {"extension", "compression", "policy", "chunk"} == kinds


def test_empty_metadata_conforms_to_an_empty_database(bare_database):
    metadata = MetaData()
    TimescaleDB(community=False).require(metadata)
    bare_database.expect(set(), metadata)
