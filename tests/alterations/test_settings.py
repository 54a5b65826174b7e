"""Settings of the database and of roles that change the meaning of rows or plans."""

from __future__ import annotations

import pytest

from conformance.declarations import Setting

from .cases import Alteration, parametrize
from .mending import prove

ROLE = "CREATE ROLE analyst_of_a_test;"


def _of_database(assignment: str, rest: str = "") -> str:
    return (
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {assignment}', current_database());"
        f" END $$;{rest}"
    )


JUDGED = (
    Alteration(
        "time zone",
        _of_database("TimeZone = ''America/Sao_Paulo''"),
        {"setting:timezone:exists"},
    ),
    Alteration("day before month", _of_database("DateStyle = ''SQL, DMY''"),
               {"setting:datestyle:exists"}),
    Alteration("fewer digits", _of_database("extra_float_digits = 0"),
               {"setting:extra_float_digits:exists"}),
    Alteration(
        "a search path that leads to another table",
        _of_database("search_path = attic, public",
                     "CREATE SCHEMA attic; CREATE TABLE attic.curves (x int)"),
        {"setting:search_path:exists"},
    ),
    Alteration(
        "a search path that leads to no table",
        _of_database("search_path = attic", "CREATE SCHEMA attic"),
        {"setting:search_path:exists"},
    ),
    Alteration("no triggers and foreign keys",
               _of_database("session_replication_role = replica"),
               {"setting:session_replication_role:exists"}),
    Alteration("no triggers and foreign keys for a role",
               ROLE + "ALTER ROLE analyst_of_a_test SET session_replication_role = replica",
               {"setting:session_replication_role.analyst_of_a_test:exists"}),
    Alteration("nobody writes", _of_database("default_transaction_read_only = on"),
               {"setting:default_transaction_read_only:exists"}),
    Alteration("another isolation",
               _of_database("default_transaction_isolation = ''serializable''"),
               {"setting:default_transaction_isolation:exists"}),
    Alteration("NULL equals NULL", _of_database("transform_null_equals = on"),
               {"setting:transform_null_equals:exists"}),
    Alteration("a plan less", _of_database("enable_indexscan = off"),
               {"setting:enable_indexscan:exists"}),
    Alteration("a plan less of TimescaleDB",
               _of_database("timescaledb.enable_chunk_append = off"),
               {"setting:timescaledb.enable_chunk_append:exists"}),
    Alteration("fewer statistics", _of_database("track_counts = off"),
               {"setting:track_counts:exists"}),
    Alteration("fewer rows of an index", _of_database("gin_fuzzy_search_limit = 100"),
               {"setting:gin_fuzzy_search_limit:exists"}),
    Alteration("rows that are said to be sorted",
               _of_database("timescaledb.enable_direct_compress_copy_client_sorted = on"),
               {"setting:timescaledb.enable_direct_compress_copy_client_sorted:exists"},
               since=(2, 23)),
    Alteration("no TimescaleDB", _of_database("timescaledb.disable_load = on"),
               {"setting:timescaledb.disable_load:exists"}),
    Alteration("no TimescaleDB for a role",
               ROLE + "ALTER ROLE analyst_of_a_test SET timescaledb.disable_load = on",
               {"setting:timescaledb.disable_load.analyst_of_a_test:exists"}),
    Alteration("restoring, a role",
               ROLE + "ALTER ROLE analyst_of_a_test SET timescaledb.restoring = on",
               {"setting:timescaledb.restoring.analyst_of_a_test:exists"}),
    Alteration("restoring, sessions from now on", _of_database("timescaledb.restoring = true"),
               {"extension:timescaledb:restoring"}),
    Alteration("restoring, all roles", "ALTER ROLE ALL SET timescaledb.restoring = on",
               {"extension:timescaledb:restoring"}),
    Alteration("no event triggers", _of_database("event_triggers = off"),
               {"setting:event_triggers:exists"}, postgresql=17),
)  # fmt: skip

HARMLESS = (
    Alteration("UTC", _of_database("TimeZone = ''UTC''")),
    Alteration("another style of intervals", _of_database("IntervalStyle = iso_8601")),
    Alteration("a search path that leads to the same tables",
               _of_database("search_path = attic, public", "CREATE SCHEMA attic")),
    Alteration("a search path with a quoted schema",
               _of_database('search_path = "$user", public, "Attic"', 'CREATE SCHEMA "Attic"')),
    Alteration("more memory", _of_database("work_mem = ''64MB''")),
    Alteration("cheaper random pages", _of_database("random_page_cost = 1.1")),
    Alteration("a plan that is on anyway", _of_database("enable_indexscan = on")),
    Alteration("a plan that is off anyway", _of_database("enable_partitionwise_join = off")),
    Alteration("a plan of TimescaleDB that is off anyway",
               _of_database("timescaledb.enable_chunk_skipping = off")),
    Alteration("a plan that is off by itself", _of_database("enable_partitionwise_join = on")),
    Alteration("a role that sorts its rows", ROLE + "ALTER ROLE analyst_of_a_test SET"
               " timescaledb.enable_direct_compress_copy_client_sorted = on", since=(2, 23)),
    Alteration("a role's time zone",
               ROLE + "ALTER ROLE analyst_of_a_test SET TimeZone = 'America/Sao_Paulo'"),
    Alteration("a role that does not write",
               ROLE + "ALTER ROLE analyst_of_a_test SET default_transaction_read_only = on"),
    Alteration("a limit on statements", _of_database("statement_timeout = ''30s''")),
)  # fmt: skip


@parametrize(JUDGED)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(HARMLESS)
def test_what_changes_nothing_is_seen(database, case):
    database.alter(case)
    database.expect(())
    assert [item.kind for item in database.compare().seen if item.kind != "schema"] == ["setting"]


@pytest.mark.parametrize(
    "sql",
    [
        _of_database("timescaledb.restoring = off"),
        "ALTER ROLE ALL SET timescaledb.restoring = on;"
        + _of_database("timescaledb.restoring = off"),
    ],
)
def test_a_database_that_is_not_restored(database, sql):
    database.execute(sql)
    compared = database.compare()
    assert not compared.findings
    assert not compared.seen


@pytest.mark.parametrize(
    ("declared", "assignment", "findings"),
    [
        (Setting("TimeZone", "America/Sao_Paulo"), "TimeZone = ''America/Sao_Paulo''", ()),
        (Setting("timezone", "UTC"), "TimeZone = ''Asia/Tokyo''", {"setting:timezone:value"}),
        (Setting("TimeZone", "UTC"), "work_mem = ''64MB''", {"setting:timezone:exists"}),
        (Setting("work_mem", "64MB"), "work_mem = ''64MB''", ()),
        (Setting("jit", value=False), "jit = off", ()),
        (Setting("search_path", '"$user",public'), 'search_path = "$user", public', ()),
        (Setting("work_mem", "64MB", role="nobody"), "work_mem = ''64MB''",
         {"setting:work_mem.nobody:exists"}),
    ],
)  # fmt: skip
def test_a_declared_setting(database, declared, assignment, findings):
    database.execute(_of_database(assignment))
    database.expect(findings, database.requiring(declared))


@pytest.mark.parametrize(
    ("sql", "setting"),
    [
        (
            _of_database("timescaledb.max_tuples_decompressed_per_dml_transaction = 1"),
            "timescaledb.max_tuples_decompressed_per_dml_transaction",
        ),
        ("ALTER ROLE ALL SET transform_null_equals = 1", "transform_null_equals"),
    ],
)
def test_a_number_and_what_all_roles_have_are_mended(database, sql, setting):
    database.execute(sql)
    database.expect({f"setting:{setting}:exists"})
    outcome = prove(database)
    assert outcome.mended
    assert not outcome.changed


def test_the_nearer_setting_holds(database):
    database.execute(ROLE + "ALTER ROLE analyst_of_a_test SET transform_null_equals = on")
    database.execute(
        "DO $$ BEGIN EXECUTE format('ALTER ROLE analyst_of_a_test IN DATABASE %I"
        " SET transform_null_equals = off', current_database()); END $$"
    )
    database.expect(())


@pytest.mark.parametrize(
    ("sql", "named", "said"),
    [
        ("ALTER DATABASE {} OWNER TO test_heir", "setting database {}", "owner is test_heir"),
        ("ALTER DATABASE {} CONNECTION LIMIT 7", "setting database {}", "connection limit is 7"),
        ("UPDATE pg_database SET datistemplate = true WHERE datname = '{}'", "setting database {}",
         "template is yes"),
        ("UPDATE pg_database SET encoding = 0 WHERE datname = '{}'", "setting database {}",
         "encoding is SQL_ASCII"),
        ("UPDATE pg_database SET datcollate = 'elsewhere', datctype = 'elsewhere'"
         " WHERE datname = '{}'", "setting database {}", "locale is elsewhere"),
        ("ALTER SCHEMA public OWNER TO test_heir", "schema public", "owner is test_heir"),
    ],
)  # fmt: skip
def test_what_is_unusual_of_the_database_is_named(database, sql, named, said):
    """How the database was made, and who owns it and the schema of the models."""
    name = database.value("SELECT current_database()")
    database.execute(f"CREATE ROLE test_heir; {sql.format(name)}")
    compared = database.compare()
    assert not compared.findings
    (entry,) = compared.seen
    assert f"{entry.kind} {entry.object}" == named.format(name)
    assert entry.reason == f"{said}, which no model declares"
