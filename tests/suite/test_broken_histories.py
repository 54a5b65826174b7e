"""Histories fail for a schema or write path that is wrong in one way, and print a script."""

from __future__ import annotations

from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from conformance.engines.embedded.engine import EmbeddedEngine
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config

from .broken_schemas import BROKEN_KEYS, with_trigger
from .projects import REVISION, Edit, check, copied_project

SWALLOWS = '''
    op.execute("""
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.value < 0 THEN RETURN NULL; END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("CREATE TRIGGER swallow BEFORE INSERT ON fiscal_data "
               "FOR EACH ROW EXECUTE FUNCTION swallow()")
'''

BROKEN = {
    **BROKEN_KEYS,
    "a trigger swallows rows": (
        with_trigger(SWALLOWS),
        "fiscal_data",
    ),
    "another default": (
        Edit(REVISION, '"flow_type", "USD_MM"', '"flow_type", "EUR_MM"'),
        "flow_data",
    ),
}
UPDATES_NOTHING = Edit(
    "models/write_statements.py",
    "    compared = rest if action is Action.UPDATE else ()\n",
    "    compared = ()\n",
)


#: Enough histories that any of these is met.
PROFILE = ("--profile", "thorough")


def test_they_are_found(tmp_path):
    """Each in a table of its own, so that one run finds all."""
    edits, tables = zip(*BROKEN.values(), strict=True)
    assert_found(copied_project(tmp_path, *edits), *tables)


def test_an_upsert_that_updates_nothing_is_found(tmp_path):
    assert_found(copied_project(tmp_path, UPDATES_NOTHING), "flow_data")


def assert_found(project, *tables):
    """A run of these tables finds each of them, with a script that shows the difference."""
    code, verdict, _ = check(project, "-k", f"test_histories and ({' or '.join(tables)})", *PROFILE)
    assert (code, verdict["verdict"]) == (1, "differs")
    scripts = {finding["id"]: finding["observed"] for finding in verdict["findings"]}
    assert scripts.keys() == {f"rows:{table}:history" for table in tables}
    assert len(verdict["findings"]) == len(tables)
    for id_, script in scripts.items():
        assert replayed(project, script), f"the script of {id_} shows no difference"


def test_a_quick_run_finds_an_upsert_that_updates_nothing_by_another_check(tmp_path):
    """A quick run plays so few histories that it may not be met; facts show what else is broken."""
    found = found_quickly(copied_project(tmp_path, UPDATES_NOTHING), "test_upsert_keeps")
    assert "rows:flow_data:upsert_keeps_the_last" in {finding["id"] for finding in found}


def found_quickly(project, selected, *arguments):
    code, verdict, _ = check(project, "-k", selected, *arguments)
    assert (code, verdict["verdict"]) == (1, "differs")
    return verdict["findings"]


def test_another_chunk_interval_is_one_finding(tmp_path):
    """The chunks that the models would drop are not those that the database has."""
    edit = Edit(
        REVISION, '("curves", "curve_date", "3 months")', '("curves", "curve_date", "9 years")'
    )
    selected = "(test_facts or test_histories) and curves"
    found = found_quickly(copied_project(tmp_path, edit), selected, "--examples", "25")
    assert [finding["id"] for finding in found] == ["hypertable:curves:chunk_interval"]


def test_a_database_that_refuses_parents_is_found(tmp_path):
    edit = Edit(REVISION, "'fx', 'rates',", "'rates',")
    code, verdict, _ = check(copied_project(tmp_path, edit), "-k", "test_histories")
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "rows:every table:sample_rows"
    assert "ck_instruments_asset_class" in finding["message"]
    assert verdict["counts"]["consequences"] == 6


#: A percent sign of a generated value stands for itself.
AS_WRITTEN = {"no_parameters": True}


def replayed(project, script):
    """What the script shows in a database that the project has migrated.

    The rows that its last statement finds; else the statements that fail on one side alone.
    """
    engine = EmbeddedEngine()
    try:
        template = Migrations(alembic_config(project / "alembic.ini")).template()
        with engine.database(template) as url:
            alchemy = create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
            with alchemy.connect() as connection:
                *steps, difference = [line for line in script if not line.startswith("--")]
                failed = [statement for statement in steps if not succeeds(connection, statement)]
                found = connection.exec_driver_sql(difference, execution_options=AS_WRITTEN).all()
    finally:
        engine.stop()
    on_the_twin = [statement for statement in failed if " twin." in statement]
    return found or (failed if 2 * len(on_the_twin) != len(failed) else [])


def succeeds(connection, statement):
    """Execute it; like psql go on after an error."""
    try:
        connection.exec_driver_sql(statement, execution_options=AS_WRITTEN)
    except DBAPIError:
        return False
    return True


def test_a_missing_column_is_one_finding(tmp_path):
    """What a history writes is not there, as the facts say."""
    edit = Edit(
        REVISION,
        '            timestamptz("release_time", nullable=True),\n',
        "",
    )
    project = copied_project(tmp_path, edit)
    code, verdict, said = check(project, "--profile", "quick", "-k", "test_facts or test_history")
    assert code == 1, said
    assert {finding["id"] for finding in verdict["findings"]} == {
        "column:flow_data.release_time:exists",
        "column:fiscal_data.release_time:exists",
    }
