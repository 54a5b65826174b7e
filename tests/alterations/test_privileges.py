"""Owners and privileges: what everybody may do, and tables of another owner, are findings."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Sequence, Table

from conformance.comparing.capabilities import version_tuple
from conformance.comparing.facts import EXISTS
from conformance.declarations import Compression, DefaultGrant, Grant, Hypertable, Owner
from conformance.mending.plan import plan_for
from conformance.mending.revision import upgrade_body
from conformance.observed import Scope, observed_facts

from .cases import Alteration, parametrize
from .mending import prove

TABLES = (
    "curves", "data_sources", "fiscal_data", "flow_data", "instruments", "macro_series",
    "market_data", "series_metadata", "signals", "vol_surfaces",
)  # fmt: skip
ROLES = "CREATE ROLE reader_of_a_test; CREATE ROLE writer_of_a_test;"
READER, WRITER = "reader_of_a_test", "writer_of_a_test"


def _of_everybody(*objects: str) -> set[str]:
    return {f"privilege:{name}.PUBLIC:exists" for name in objects}


JUDGED = (
    Alteration("everything on a table", "GRANT ALL ON instruments TO PUBLIC",
               _of_everybody("instruments")),
    Alteration("everything on all tables", "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
               _of_everybody(*TABLES, "alembic_version")),
    Alteration("reading a column", "GRANT SELECT (name) ON instruments TO PUBLIC",
               _of_everybody("instruments (name)")),
    Alteration("writing a sequence", "CREATE SEQUENCE numbers; GRANT USAGE ON numbers TO PUBLIC",
               _of_everybody("numbers")),
    Alteration("reading a view that nobody declared",
               "CREATE VIEW latest AS SELECT 1; GRANT SELECT ON latest TO PUBLIC",
               {"view:latest:exists"}),
    Alteration("creating in the schema", "GRANT CREATE ON SCHEMA public TO PUBLIC",
               _of_everybody("schema public")),
    Alteration("reading another server", "CREATE FOREIGN DATA WRAPPER n; CREATE SERVER nowhere"
               " FOREIGN DATA WRAPPER n; GRANT USAGE ON FOREIGN SERVER nowhere TO PUBLIC",
               _of_everybody("foreign server nowhere")),
    Alteration("making foreign servers", "CREATE FOREIGN DATA WRAPPER n;"
               "GRANT USAGE ON FOREIGN DATA WRAPPER n TO PUBLIC",
               _of_everybody("foreign data wrapper n")),
    Alteration("creating schemas", "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO"
               " PUBLIC', current_database()); END $$", _of_everybody("database")),
    Alteration("reading what is created next",
               "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
               {"default_privilege:tables of postgres in public.PUBLIC:exists"}),
    Alteration("reading the chunks that are created next",
               "ALTER DEFAULT PRIVILEGES IN SCHEMA _timescaledb_internal GRANT SELECT ON TABLES TO"
               " PUBLIC",
               {"default_privilege:tables of postgres in _timescaledb_internal.PUBLIC:exists"}),
    Alteration("calling what is created next",
               "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC",
               {"default_privilege:sequences of postgres.PUBLIC:exists"}),
    Alteration("another owner", f"{ROLES} ALTER TABLE instruments OWNER TO {READER}",
               {"table:instruments:owner"}),
    Alteration("other owners",
               f"{ROLES} ALTER TABLE instruments OWNER TO {READER};"
               f"ALTER TABLE market_data OWNER TO {WRITER}",
               {"table:instruments:owner", "table:market_data:owner"}),
    Alteration("an owner who may not write",
               f"{ROLES} ALTER TABLE instruments OWNER TO {READER};"
               f"REVOKE INSERT, UPDATE ON instruments FROM {READER}",
               {"table:instruments:owner", "table:instruments:withheld_from_owner"}),
)  # fmt: skip


@parametrize(JUDGED)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


def test_the_message_says_what_everybody_may_do(database):
    database.execute("GRANT SELECT, INSERT ON instruments TO PUBLIC")
    (finding,) = database.compare().findings.values()
    assert finding.message == (
        "privilege instruments.PUBLIC: is in the database, the models do not declare it"
        " (insert, select)"
    )
    assert "Declare it with Grant(...)" in finding.hint


def test_everybody_may_use_no_schema_but_public(database):
    """PostgreSQL grants nothing on another schema by itself."""
    metadata = database.requiring()
    Table("notes", metadata, Column("id", Integer), schema="desk")
    database.execute("CREATE SCHEMA desk; CREATE TABLE desk.notes (id int)")
    database.expect((), metadata)
    database.execute("GRANT USAGE ON SCHEMA desk TO PUBLIC")
    database.expect(_of_everybody("schema desk"), metadata)
    assert prove(database, metadata).mended


OWN = (
    Grant("select, insert", to=READER, on="instruments"),
    Grant("update", to=READER, on="instruments", columns=["name"]),
    Grant("usage", to=READER, on="public", kind="schema"),
)


def test_an_owner_needs_no_grant(database):
    """GRANT to the owner leaves no trace that tells it from what an owner has."""
    metadata = database.requiring(*OWN, Owner(READER, tables=["instruments"]))
    database.execute(f"{ROLES} ALTER TABLE instruments OWNER TO {READER}")
    database.execute(f"ALTER SCHEMA public OWNER TO {READER}")
    database.expect((), metadata)
    database.execute(f"GRANT SELECT, INSERT, UPDATE (name) ON instruments TO {READER}")
    database.expect((), metadata)


def test_the_wrong_owner_is_missing_its_privileges(database):
    """Of the right owner they must be granted."""
    metadata = database.requiring(*OWN)
    database.execute(f"{ROLES} ALTER TABLE instruments OWNER TO {READER}")
    database.expect(
        {
            "table:instruments:owner",
            f"privilege:instruments.{READER}:exists",
            f"privilege:instruments (name).{READER}:exists",
            f"privilege:schema public.{READER}:exists",
        },
        metadata,
    )
    assert prove(database, metadata).mended


def test_the_hint_is_true_of_a_declared_role_too(database):
    metadata = database.requiring(Grant("select", to=READER, on="curves"))
    database.execute(f"{ROLES} GRANT SELECT ON curves, signals TO {READER}")
    (finding,) = database.compare(metadata).findings.values()
    assert finding.id == f"privilege:signals.{READER}:exists"
    assert "Likely cause: somebody ran GRANT." in finding.hint


def test_of_default_privileges_those_of_the_owner_are_not_named(database):
    """A list that is not of one schema also has what the owner has without it."""
    database.execute(f"{ROLES} ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}")
    named = [item.object for item in database.compare().seen if item.kind == "default_privilege"]
    assert named == [READER]


def test_other_roles_are_seen_once_for_what_they_may_do(database):
    database.execute(f"{ROLES} GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
    database.execute(f"GRANT INSERT, SELECT ON signals TO {WRITER} WITH GRANT OPTION")
    database.execute(f"GRANT UPDATE (name) ON instruments TO {WRITER}")
    seen = {(item.object, item.reason) for item in database.compare().seen}
    assert seen == {
        (READER, "select on alembic_version, curves, data_sources, fiscal_data, flow_data and 6"
         " more"),
        (WRITER, "insert with grant option, select with grant option on signals"),
        (WRITER, "update on instruments (name)"),
    }  # fmt: skip


def test_what_a_role_may_do_with_a_chunk_alone_is_seen(database):
    database.execute(
        "INSERT INTO signals (signal_date, signal_type, value) VALUES ('2020-01-01', 'carry', 1);"
        "GRANT SELECT ON signals TO pg_monitor;"
        "DO $$ BEGIN EXECUTE format('GRANT SELECT, DELETE ON %1$s TO pg_monitor;"
        " GRANT UPDATE (value) ON %1$s TO pg_monitor', (SELECT show_chunks('signals'))); END $$"
    )
    (reason,) = [item.reason for item in database.compare().seen if item.kind == "chunk"]
    chunk = database.value(
        "SELECT relname FROM pg_class WHERE oid = (SELECT show_chunks('signals'))"
    )
    assert reason == (
        f"privileges are {chunk} gives pg_monitor delete,"
        f" {chunk} gives pg_monitor update of column value, which no model declares"
    )


def test_chunks_have_the_privileges_of_their_hypertable(database):
    database.execute(
        "INSERT INTO signals (signal_date, signal_type, value) VALUES ('2020-01-01', 'carry', 1);"
        f"{ROLES} GRANT SELECT ON signals TO {READER}"
    )
    (seen,) = database.compare().seen
    assert seen.reason == "select on signals"


def test_the_version_table_may_be_in_another_schema(database):
    """As `version_table_schema` of env.py puts it."""
    database.execute(
        f"{ROLES} CREATE SCHEMA lab; CREATE TABLE lab.alembic_version (version_num text);"
        f"CREATE TABLE lab.runs (id int); GRANT SELECT ON ALL TABLES IN SCHEMA lab TO {READER}"
    )
    found = observed_facts(database.connection, Scope(("public", "lab")))
    judged = {key.table: fact.judged for key, fact in found.items() if key[2:] == (READER, EXISTS)}
    assert judged == {"lab.alembic_version": False, "lab.runs": None}


READS = Grant("select", to=READER)
GRANT = (
    f"{ROLES} GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};"
    f"REVOKE ALL ON numbers FROM {READER};"
)
NO_VERSIONS = f"REVOKE ALL ON alembic_version FROM {READER};"


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        (GRANT + NO_VERSIONS, set()),
        (GRANT, set()),
        (GRANT + NO_VERSIONS + f"REVOKE SELECT ON signals FROM {READER}",
         {f"privilege:signals.{READER}:exists"}),
        (GRANT + NO_VERSIONS + f"GRANT INSERT ON signals TO {READER}",
         {f"privilege:signals.{READER}:privileges"}),
        (GRANT + NO_VERSIONS + f"GRANT INSERT ON signals TO {WRITER}", set()),
        (GRANT + NO_VERSIONS + f"GRANT SELECT ON signals TO {READER} WITH GRANT OPTION",
         {f"privilege:signals.{READER}:privileges"}),
        (GRANT + NO_VERSIONS + f"GRANT USAGE ON SCHEMA public TO {READER}",
         {f"privilege:schema public.{READER}:exists"}),
        (GRANT + NO_VERSIONS + "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO " + READER,
         {f"default_privilege:tables of postgres.{READER}:exists"}),
        (GRANT + NO_VERSIONS + "DROP TABLE curves", {"table:curves:exists"}),
        (GRANT + f"GRANT SELECT ON numbers TO {READER}", {f"privilege:numbers.{READER}:exists"}),
    ],
    ids=range(10),
)  # fmt: skip
def test_of_a_declared_role_everything_is_judged(database, sql, findings):
    database.execute("CREATE SEQUENCE numbers;" + sql)
    database.expect(findings, database.requiring(READS))


@pytest.mark.parametrize(
    ("declared", "sql"),
    [
        (Grant("all", to=READER, on="signals"), f"GRANT ALL ON signals TO {READER}"),
        (Grant("all", to=READER, on="signals"),
         f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON signals"
         f" TO {READER}"),
        (Grant("SELECT, insert", to=READER, on=["public.signals", "curves"]),
         f"GRANT SELECT, INSERT ON signals, curves TO {READER}"),
        (Grant("update", to=READER, on="instruments", columns=("name",)),
         f"GRANT UPDATE (name) ON instruments TO {READER}"),
        (Grant(["usage"], to=READER, on="public", kind="schema"),
         f"GRANT USAGE ON SCHEMA public TO {READER}"),
        (Grant("usage", to=READER, on="numbers", kind="sequence"),
         f"CREATE SEQUENCE numbers; GRANT USAGE ON numbers TO {READER}"),
        (Grant("execute", to=READER, on="one(int)", kind="function"),
         "CREATE FUNCTION one(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
         f"GRANT EXECUTE ON FUNCTION one TO {READER}"),
        (Grant("usage", to="public", on="nowhere", kind="foreign server"),
         "CREATE FOREIGN DATA WRAPPER n; CREATE SERVER nowhere FOREIGN DATA WRAPPER n;"
         "GRANT USAGE ON FOREIGN SERVER nowhere TO PUBLIC"),
        (Grant("select", to="public", on="curves"), "GRANT SELECT ON curves TO PUBLIC"),
        (Grant("select", to=READER, on="curves", grant_option=True),
         f"GRANT SELECT ON curves TO {READER} WITH GRANT OPTION"),
        (DefaultGrant("select", to=READER, by="postgres", schema="public"),
         f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}"),
        (DefaultGrant("all", to=READER, by="postgres", on="sequences"),
         f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {READER}"),
        (Grant("create", to=READER, kind="database"),
         "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO"
         f" {READER}', current_database()); END $$"),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_declared_grant(database, declared, sql):
    database.execute(ROLES)
    metadata = database.requiring(declared)
    (before,) = {finding.id.rpartition(":")[2] for finding in _findings(database, metadata)}
    assert before == "exists"
    database.execute(sql)
    database.expect((), metadata)


ON_THE_DATABASE = (
    "DO $$ BEGIN EXECUTE format('REVOKE {} ON DATABASE %I FROM PUBLIC', current_database()); END $$"
)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (ON_THE_DATABASE.format("CONNECT"), "without connect on database"),
        (ON_THE_DATABASE.format("ALL"), "without connect, without temporary on database"),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "without usage on schema public"),
        ("CREATE TYPE c AS (x int); REVOKE USAGE ON TYPE c FROM PUBLIC", "without usage on type c"),
        ("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
         "without execute on functions of postgres"),
    ],
)  # fmt: skip
def test_what_public_usually_has_and_lacks_is_named(database, sql, said):
    database.execute(sql)
    database.expect(())
    seen = [(item.object, item.reason) for item in database.compare().seen]
    assert ("PUBLIC", said) in seen


ONE = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
CONNECT = Grant("connect", to="PUBLIC", kind="database")
USAGE = Grant("usage", to="PUBLIC", on="public", kind="schema")
ON_DATABASE = "privilege:database.PUBLIC:"
GRANT_CREATE = ON_THE_DATABASE.format("ALL").replace("REVOKE", "GRANT").replace("FROM", "TO")


@pytest.mark.parametrize(
    ("declared", "sql", "findings"),
    [
        (CONNECT, "SELECT 1", set()),
        (Grant("connect, temporary", to="PUBLIC", kind="database"), "SELECT 1", set()),
        (CONNECT, ON_THE_DATABASE.format("CONNECT"),
         {ON_DATABASE + "privileges"}),
        (CONNECT, ON_THE_DATABASE.format("ALL"),
         {ON_DATABASE + "privileges"}),
        (CONNECT, ON_THE_DATABASE.format("TEMPORARY"), set()),
        (CONNECT, GRANT_CREATE,
         {ON_DATABASE + "privileges"}),
        (Grant("create", to="PUBLIC", kind="database"), GRANT_CREATE, set()),
        (Grant("create", to="PUBLIC", kind="database"), "SELECT 1", {ON_DATABASE + "privileges"}),
        (Grant("select", to="PUBLIC", on="curves"), "GRANT SELECT ON curves TO PUBLIC", set()),
        (USAGE, "SELECT 1", set()),
        (USAGE, "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
         {"privilege:schema public.PUBLIC:privileges"}),
        (Grant("create", to="PUBLIC", on="public", kind="schema"),
         "GRANT CREATE ON SCHEMA public TO PUBLIC", set()),
        (Grant("execute", to="PUBLIC", on="one()", kind="function"), ONE, set()),
        (Grant("execute", to="PUBLIC", on="one()", kind="function"),
         ONE + "REVOKE EXECUTE ON FUNCTION one FROM PUBLIC",
         {"privilege:function one().PUBLIC:exists"}),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_declaration_of_what_public_usually_has(database, declared, sql, findings):
    database.execute(sql)
    database.expect(findings, database.requiring(declared))


CALLED = DefaultGrant("execute", to="PUBLIC", by="postgres", on="functions")
CALLED_HERE = DefaultGrant("all", to="PUBLIC", by="postgres", on="functions", schema="public")
USED = DefaultGrant("usage", to="PUBLIC", by="postgres", on="types")
OF_FUNCTIONS = "default_privilege:functions of postgres"
FUTURE = "ALTER DEFAULT PRIVILEGES {} EXECUTE ON FUNCTIONS {} PUBLIC"
IN_SCHEMA = FUTURE.format("IN SCHEMA public GRANT", "TO")
REVOKED = FUTURE.format("REVOKE", "FROM")


@pytest.mark.parametrize(
    ("declared", "sql", "findings"),
    [
        (CALLED, "SELECT 1", set()),
        (CALLED_HERE, "SELECT 1", set()),
        (CALLED_HERE, IN_SCHEMA, set()),
        (USED, "SELECT 1", set()),
        (USED, REVOKED, set()),
        (CALLED, f"{REVOKED}; {FUTURE.format('GRANT', 'TO')}", set()),
        (CALLED, REVOKED, {OF_FUNCTIONS + ".PUBLIC:privileges"}),
        (CALLED_HERE, REVOKED, {OF_FUNCTIONS + " in public.PUBLIC:exists"}),
        (CALLED_HERE, f"{REVOKED}; {IN_SCHEMA}", set()),
        (USED, "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC",
         {"default_privilege:types of postgres.PUBLIC:privileges"}),
        (DefaultGrant("execute", to=READER, by="postgres", on="functions"), "SELECT 1",
         {f"{OF_FUNCTIONS}.{READER}:exists"}),
        (DefaultGrant("select", to="PUBLIC", by="postgres"), "SELECT 1",
         {"default_privilege:tables of postgres.PUBLIC:exists"}),
    ],
    ids=range(12),
)  # fmt: skip
def test_a_declaration_of_what_public_will_have_by_itself(database, declared, sql, findings):
    database.execute(ROLES + sql)
    metadata = database.requiring(declared)
    counts = database.compare().accounted
    database.expect(findings, metadata)
    assert database.compare(metadata).accounted == counts
    assert prove(database, metadata).mended


NOBODY = "nobody_of_a_test"


@pytest.mark.parametrize(
    ("declared", "findings"),
    [
        (DefaultGrant("execute", to="PUBLIC", by=NOBODY, on="functions"),
         {f"default_privilege:functions of {NOBODY}.PUBLIC:exists"}),
        (DefaultGrant("usage", to="PUBLIC", by=NOBODY, on="types", schema="public"),
         {f"default_privilege:types of {NOBODY} in public.PUBLIC:exists"}),
        (DefaultGrant("execute", to=NOBODY, by="postgres", on="functions"),
         {f"{OF_FUNCTIONS}.{NOBODY}:exists"}),
        (Grant("select", to=NOBODY, on="curves"), {f"privilege:curves.{NOBODY}:exists"}),
        (Owner(NOBODY, tables=["curves"]), {"table:curves:owner"}),
    ],
    ids=range(5),
)  # fmt: skip
def test_a_role_that_does_not_exist_has_and_gives_nothing(database, declared, findings):
    database.expect(findings, database.requiring(declared))


def test_what_public_usually_has_is_neither_named_nor_counted(database):
    counts = database.compare().accounted
    database.execute(ONE)
    compared = database.compare()
    assert {item.object for item in compared.seen} == {"one()"}
    assert compared.accounted == counts | {"function": 1}


def test_the_message_says_what_public_lacks(database):
    database.execute(ON_THE_DATABASE.format("ALL"))
    (finding,) = _findings(database, database.requiring(CONNECT))
    assert finding.message == (
        "privilege database.PUBLIC: privileges are none, the models declare (connect)"
    )


@pytest.mark.parametrize(
    ("declared", "sql", "mends"),
    [
        ([], GRANT_CREATE, "REVOKE CREATE ON DATABASE %I FROM PUBLIC"),
        ([], "GRANT CREATE ON SCHEMA public TO PUBLIC",
         "REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        ([CONNECT], ON_THE_DATABASE.format("ALL"),
         "GRANT CONNECT ON DATABASE %I TO PUBLIC"),
    ],
)  # fmt: skip
def test_fix_takes_nothing_that_public_usually_has(database, declared, sql, mends):
    database.execute(sql)
    metadata = database.requiring(*declared)
    assert mends in upgrade_body(plan_for(database.compare(metadata)))
    assert prove(database, metadata).mended


def test_the_owner_of_a_sequence_is_named(database):
    database.execute(f"{ROLES} CREATE SEQUENCE numbers; ALTER SEQUENCE numbers OWNER TO {READER}")
    metadata = database.requiring()
    Sequence("numbers", metadata=metadata)
    (seen,) = database.compare(metadata).seen
    assert (seen.object, seen.reason) == ("numbers", f"owner is {READER}, which no model declares")


OWNED = """
    CREATE ROLE reader_of_a_test; CREATE SCHEMA "the desk";
    CREATE TABLE "the desk".doors (id integer CONSTRAINT pk_doors PRIMARY KEY);
    CREATE TABLE "the desk".rooms (id integer CONSTRAINT pk_rooms PRIMARY KEY
        CONSTRAINT fk_rooms REFERENCES "the desk".doors);
    ALTER TABLE "the desk".doors OWNER TO reader_of_a_test;
    ALTER TABLE "the desk".rooms OWNER TO reader_of_a_test;
"""
SHUT_OUT = {"table:the desk.doors:withheld_from_owner"}


def _owned():
    metadata = MetaData(schema="the desk")
    Table("doors", metadata, Column("id", Integer, primary_key=True, autoincrement=False))
    Table("rooms", metadata, Column("id", Integer, ForeignKey("the desk.doors.id", name="fk_rooms"),
                                    primary_key=True, autoincrement=False))  # fmt: skip
    return metadata


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        ("", SHUT_OUT),
        ('GRANT USAGE ON SCHEMA "the desk" TO {}', set()),
        ('GRANT USAGE ON SCHEMA "the desk" TO PUBLIC', {"privilege:schema the desk.PUBLIC:exists"}),
        ('CREATE ROLE g; GRANT USAGE ON SCHEMA "the desk" TO g; GRANT g TO {}', set()),
        ('ALTER SCHEMA "the desk" OWNER TO {}', set()),
        ("ALTER ROLE {} SUPERUSER", set()),
    ],
    ids=["nobody", "owner", "everybody", "group", "schema's owner", "superuser"],
)  # fmt: skip
def test_an_owner_of_tables_who_may_not_use_their_schema(bare_database, sql, findings):
    """One finding, whatever the number of tables: each INSERT into rooms fails."""
    bare_database.execute(OWNED + sql.format(READER))
    metadata = _owned()
    found = bare_database.compare(metadata).findings.values()
    assert {finding.id for finding in found} == findings
    for finding in found if findings == SHUT_OUT else ():
        assert finding.others == ("table:the desk.rooms:withheld_from_owner",)
        assert finding.message == (
            "tables the desk.doors, the desk.rooms: their owner reader_of_a_test has no usage on"
            " schema the desk"
        )
        assert finding.hint.endswith('Run GRANT USAGE ON SCHEMA "the desk" TO reader_of_a_test.')
        body = upgrade_body(plan_for(bare_database.compare(metadata)))
        assert body.count("GRANT") == 1
        assert prove(bare_database, metadata).mended


def test_an_owner_of_tables_who_may_not_use_the_schema_public(bare_database):
    bare_database.execute(
        f"CREATE ROLE {READER}; CREATE TABLE doors (id integer);"
        f"ALTER TABLE doors OWNER TO {READER}; REVOKE USAGE ON SCHEMA public FROM PUBLIC"
    )
    metadata = MetaData()
    Table("doors", metadata, Column("id", Integer))
    bare_database.expect({"table:doors:withheld_from_owner"}, metadata)


def _findings(database, metadata):
    return database.compare(metadata).findings.values()


@pytest.mark.parametrize(
    ("declared", "findings"),
    [
        ([Owner("postgres")], {"table:instruments:owner"}),
        ([Owner("postgres"), Owner(READER, tables=["instruments"])], set()),
        ([Owner(READER, tables=["instruments"])], set()),
        ([Owner(READER)], {f"table:{name}:owner" for name in TABLES} - {"table:instruments:owner"}),
    ],
)
def test_a_declared_owner(database, declared, findings):
    database.execute(f"{ROLES} ALTER TABLE instruments OWNER TO {READER}")
    database.expect(findings, database.requiring(*declared))


@pytest.mark.usefixtures("community_edition")
@pytest.mark.parametrize("compressed", [False, True])
def test_a_column_of_a_hypertable_with_compression(bare_database, compressed):
    """Older versions refuse REVOKE (...) there; the rest of the revision runs."""
    metadata = MetaData()
    settings = [Compression(segment_by=(), order_by="at", after=None)] if compressed else []
    Table("ticks", metadata, Column("at", DateTime(timezone=True), nullable=False),
          Column("size", Integer), *settings, Hypertable("at", chunk_interval="7 days")
    )  # fmt: skip
    bare_database.execute(
        "CREATE TABLE ticks (at timestamptz NOT NULL, size smallint);"
        "SELECT create_hypertable('ticks', 'at'); GRANT UPDATE (size) ON ticks TO PUBLIC;"
    )
    if compressed:
        bare_database.execute(
            "ALTER TABLE ticks SET (timescaledb.compress, timescaledb.compress_segmentby = '',"
            " timescaledb.compress_orderby = 'at')"
        )
    outcome = prove(bare_database, metadata)
    asked = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    version = bare_database.value(asked)
    refused = compressed and version_tuple(version) < (2, 29)
    left = ["privilege:ticks (size).PUBLIC:exists"] if refused else []
    assert [item.id for item in outcome.plan.unmended] == left
    assert (outcome.left, outcome.changed) == (left, [])
