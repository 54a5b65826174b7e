"""How tables are kept: what changes plans or writes is a finding, the rest once it is declared."""

from __future__ import annotations

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    Index,
    Integer,
    MetaData,
    NullPool,
    Numeric,
    Table,
    Text,
    create_engine,
)
from sqlalchemy.dialects.postgresql import DOMAIN, INET
from sqlalchemy.types import UserDefinedType

from conformance.declarations import (
    ColumnStorage,
    HashPartition,
    Hypertable,
    Storage,
)

from .cases import Alteration, Database, parametrize
from .mending import prove


class Point(UserDefinedType):
    """PostgreSQL's point, which SQLAlchemy does not have."""

    cache_ok = True

    def get_col_spec(self, **_kw) -> str:
        return "POINT"


INSTRUMENTS = "ALTER TABLE instruments "

JUDGED = (
    Alteration("no autovacuum", INSTRUMENTS + "SET (autovacuum_enabled = false)",
               {"storage:instruments:autovacuum_enabled"}),
    Alteration("no autovacuum of a hypertable", "ALTER TABLE signals SET (autovacuum_enabled = 0)",
               {"storage:signals:autovacuum_enabled"}),
    Alteration("no autovacuum of long values", INSTRUMENTS +
               "SET (toast.autovacuum_enabled = false)",
               {"storage:instruments:toast.autovacuum_enabled"}),
    Alteration("no workers", INSTRUMENTS + "SET (parallel_workers = 0)",
               {"storage:instruments:parallel_workers"}),
    Alteration("published without an identity",
               INSTRUMENTS + "REPLICA IDENTITY NOTHING;"
               "CREATE PUBLICATION feed FOR TABLE instruments",
               {"table:instruments:updates_refused"}),
    Alteration("all published without an identity",
               INSTRUMENTS + "REPLICA IDENTITY NOTHING; CREATE PUBLICATION feed FOR ALL TABLES",
               {"table:instruments:updates_refused"}),
    Alteration("a schema published without an identity",
               INSTRUMENTS + "REPLICA IDENTITY NOTHING;"
               "CREATE PUBLICATION feed FOR TABLES IN SCHEMA public",
               {"table:instruments:updates_refused"}),
    Alteration("published, and the index of its identity dropped",
               "CREATE UNIQUE INDEX of_the_rows ON instruments (id, ticker);" +
               INSTRUMENTS + "REPLICA IDENTITY USING INDEX of_the_rows; DROP INDEX of_the_rows;"
               "CREATE PUBLICATION feed FOR TABLE instruments",
               {"table:instruments:updates_refused"}),
    Alteration("published with a filter outside of its identity",
               "CREATE PUBLICATION feed FOR TABLE instruments WHERE (is_active)",
               {"table:instruments:updates_refused"}),
    Alteration("published without the columns of its identity",
               "CREATE PUBLICATION feed FOR TABLE instruments (ticker)",
               {"table:instruments:updates_refused"}),
    Alteration("published with a part of its columns and all as its identity",
               INSTRUMENTS + "REPLICA IDENTITY FULL;"
               "CREATE PUBLICATION feed FOR TABLE instruments (id, ticker)",
               {"table:instruments:updates_refused"}),
    Alteration("an unlogged sequence", "ALTER SEQUENCE instruments_id_seq SET UNLOGGED",
               {"storage:instruments.id:sequence"}),
)  # fmt: skip

HARMLESS = (
    Alteration("autovacuum said to be on", INSTRUMENTS + "SET (autovacuum_enabled = on)"),
    Alteration("a sequence logged again", "ALTER SEQUENCE instruments_id_seq SET UNLOGGED;"
               "ALTER SEQUENCE instruments_id_seq SET LOGGED"),
    Alteration("autovacuum tuned", INSTRUMENTS + "SET (autovacuum_vacuum_scale_factor = 0.01)"),
    Alteration("published with a filter by its identity",
               "CREATE PUBLICATION feed FOR TABLE instruments (id, ticker) WHERE (id > 5)"),
    Alteration("inserts published without the columns of its identity",
               "CREATE PUBLICATION feed FOR TABLE instruments (ticker) WITH (publish = 'insert')"),
    Alteration("published with an identity",
               INSTRUMENTS + "REPLICA IDENTITY FULL;"
               "CREATE PUBLICATION feed FOR TABLE instruments"),
    Alteration("new rows published without an identity",
               INSTRUMENTS + "REPLICA IDENTITY NOTHING;"
               "CREATE PUBLICATION feed FOR TABLE instruments WITH (publish = 'insert')"),
)  # fmt: skip

#: The statement, the declaration that says the same, and the fact.
DECLARABLE = (
    ("SET (fillfactor = 70)", Storage({"fillfactor": 70}), "instruments:fillfactor"),
    ("SET (autovacuum_enabled = off)", Storage({"autovacuum_enabled": False}),
     "instruments:autovacuum_enabled"),
    ("ALTER name SET STORAGE MAIN", Storage(columns={"name": ColumnStorage(storage="MAIN")}),
     "instruments.name:storage"),
    ("ALTER name SET COMPRESSION pglz",
     Storage(columns={"name": ColumnStorage(compression="pglz")}), "instruments.name:compression"),
    ("ALTER name SET STATISTICS 1000", Storage(columns={"name": ColumnStorage(statistics=1000)}),
     "instruments.name:statistics"),
    ("ALTER name SET (n_distinct = -1)",
     Storage(columns={"name": ColumnStorage(options={"n_distinct": -1})}),
     "instruments.name:n_distinct"),
    ("REPLICA IDENTITY FULL", Storage(replica_identity="full"), "instruments:replica_identity"),
    ("REPLICA IDENTITY USING INDEX pk_instruments",
     Storage(replica_identity="index pk_instruments"), "instruments:replica_identity"),
)  # fmt: skip


@parametrize(JUDGED)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(HARMLESS)
def test_what_changes_nothing(database, case):
    database.alter(case)
    database.expect(())


@pytest.mark.parametrize(("change", "declared", "fact"), DECLARABLE, ids=range(len(DECLARABLE)))
def test_a_declared_parameter(database, change, declared, fact):
    metadata = database.declaring("instruments", declared)
    database.expect({f"storage:{fact}"}, metadata)
    database.execute(INSTRUMENTS + change)
    database.expect((), metadata)


@pytest.mark.parametrize(
    ("declared", "fact"),
    [
        (Storage({"fillfactor": 80}), "instruments:fillfactor"),
        (Storage({"fillfactor": 70}, columns={"name": ColumnStorage(storage="external")}),
         "instruments.name:storage"),
        (Storage({"fillfactor": 70}, columns={"name": ColumnStorage(statistics=10)}),
         "instruments.name:statistics"),
    ],
)  # fmt: skip
def test_another_declaration(database, declared, fact):
    database.execute(INSTRUMENTS + "SET (fillfactor = 70)")
    database.execute(INSTRUMENTS + "ALTER name SET STORAGE main, ALTER name SET STATISTICS 1000")
    database.expect({f"storage:{fact}"}, database.declaring("instruments", declared))


def test_a_declared_unlogged_sequence(database):
    unlogged = Storage(columns={"id": ColumnStorage(options={"sequence": "unlogged"})})
    metadata = database.declaring("instruments", unlogged)
    database.expect({"storage:instruments.id:sequence"}, metadata)
    database.execute("ALTER SEQUENCE instruments_id_seq SET UNLOGGED")
    database.expect((), metadata)


def test_what_is_not_declared_is_seen(database):
    database.execute(INSTRUMENTS + "SET (fillfactor = 70)")
    database.execute(INSTRUMENTS + "ALTER name SET STORAGE main")
    seen = [(item.kind, item.object, item.reason) for item in database.compare().seen]
    assert seen == [
        ("storage", "instruments", "fillfactor is 70, which no model declares"),
        ("storage", "instruments.name", "storage is main, which no model declares"),
    ]


def test_defaults_that_are_written_out_are_neither_named_nor_judged(database):
    written = database.declaring("instruments", Storage(
        {"fillfactor": 100, "autovacuum_enabled": True, "vacuum_index_cleanup": "auto"},
        columns={"name": ColumnStorage(statistics=-1, options={"n_distinct": 0})},
    ))  # fmt: skip
    database.expect((), written)
    database.execute(INSTRUMENTS + "SET (fillfactor = 100, autovacuum_enabled = yes,"
                     " vacuum_index_cleanup = auto, toast.autovacuum_enabled = true)")  # fmt: skip
    database.execute(INSTRUMENTS + "ALTER name SET (n_distinct = 0), ALTER name SET STATISTICS -1")
    for metadata in (None, written):
        compared = database.compare(metadata)
        assert not compared.findings
        assert not compared.seen


def test_a_declared_default_is_judged(database):
    database.execute(INSTRUMENTS + "SET (fillfactor = 70, autovacuum_enabled = off)")
    metadata = database.declaring(
        "instruments", Storage({"fillfactor": 100, "autovacuum_enabled": True})
    )
    database.expect(
        {"storage:instruments:fillfactor", "storage:instruments:autovacuum_enabled"}, metadata
    )
    assert prove(database, metadata).mended


#: The type of a column, what PostgreSQL stores it as, and another way.
OF_TYPES = (
    ("text", Text(), "extended", "main"),
    ("text[]", ARRAY(Text), "extended", "external"),
    ("numeric(20, 4)", Numeric(20, 4), "main", "extended"),
    ("inet", INET(), "main", "plain"),
    ("symbol", DOMAIN("symbol", Text()), "extended", "main"),
)


@pytest.mark.parametrize(("type_name", "kind", "own", "other"), OF_TYPES)
def test_the_storage_that_the_type_has_by_itself(bare_database, type_name, kind, own, other):
    bare_database.execute(f"CREATE DOMAIN symbol AS text; CREATE TABLE t (c {type_name}, i int)")

    def declaring(storage: str) -> MetaData:
        metadata = MetaData()
        columns = {"c": ColumnStorage(storage=storage), "i": ColumnStorage(storage="plain")}
        Table("t", metadata, Column("c", kind), Column("i", Integer), Storage(columns=columns))
        return metadata

    bare_database.expect((), declaring(own))
    bare_database.expect({"storage:t.c:storage"}, declaring(other))
    bare_database.execute(f"ALTER TABLE t ALTER c SET STORAGE {other}")
    bare_database.expect((), declaring(other))
    bare_database.expect({"storage:t.c:storage"}, declaring(own))
    assert prove(bare_database, declaring(own)).mended


INDEX_DEFAULTS = (
    ("btree", "int", {"fillfactor": 90, "deduplicate_items": True}),
    ("hash", "int", {"fillfactor": 75}),
    ("gist", "point", {"fillfactor": 90, "buffering": "auto"}),
    ("spgist", "point", {"fillfactor": 80}),
    ("gin", "int[]", {"fastupdate": True}),
    ("brin", "int", {"pages_per_range": 128, "autosummarize": False}),
)


@pytest.mark.parametrize(("method", "type_name", "options"), INDEX_DEFAULTS)
def test_defaults_of_indexes_that_are_written_out(bare_database, method, type_name, options):
    """The default of fillfactor depends on the access method."""
    bare_database.execute(
        f"CREATE TABLE t (id {type_name}); CREATE INDEX ix ON t USING {method} (id)"
    )
    metadata = MetaData()
    kind = {"int": Integer(), "int[]": ARRAY(Integer)}.get(type_name, Point())
    Index("ix", Table("t", metadata, Column("id", kind)).c.id, postgresql_using=method,
          postgresql_with=options)  # fmt: skip
    bare_database.expect((), metadata)
    words = ", ".join(f"{name} = {value}" for name, value in options.items())
    bare_database.execute(f"ALTER INDEX ix SET ({words})")
    compared = bare_database.compare(metadata)
    assert not compared.findings
    assert not compared.seen


def test_a_full_index_is_not_the_default(bare_database):
    metadata = _by_sqlalchemy()
    metadata.create_all(bare_database.connection)
    bare_database.execute("ALTER INDEX ix SET (fillfactor = 100)")
    (seen,) = bare_database.compare(metadata).seen
    assert (seen.object, seen.reason) == ("t.ix", "fillfactor is 100, which no model declares")


UNREADABLE = "CREATE MATERIALIZED VIEW kept AS SELECT id FROM instruments WITH NO DATA"


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        (UNREADABLE, "kept: populated is off"),
        (UNREADABLE + "; REFRESH MATERIALIZED VIEW kept", None),
    ],
)
def test_a_materialized_view_that_cannot_be_read_is_seen(database, sql, seen):
    database.execute(sql)
    found = [f"{item.object}: {item.reason}" for item in database.compare().seen]
    assert found == ([] if seen is None else [f"{seen}, which no model declares"])


def _by_sqlalchemy(**options) -> MetaData:
    metadata = MetaData()
    table = Table("t", metadata, Column("id", Integer))
    Index("ix", table.c.id, **options)
    return metadata


@pytest.mark.parametrize(
    ("options", "sql", "findings"),
    [
        ({"postgresql_with": {"fillfactor": 50}}, "", set()),
        ({"postgresql_with": {"fillfactor": 50}}, "ALTER INDEX ix RESET (fillfactor)",
         {"storage:t.ix:fillfactor"}),
        ({"postgresql_with": {"fillfactor": 50}}, "ALTER INDEX ix SET (fillfactor = 60)",
         {"storage:t.ix:fillfactor"}),
        ({"postgresql_with": {"deduplicate_items": False}}, "", set()),
        ({"postgresql_tablespace": "pg_default"}, "", set()),
        ({}, "ALTER INDEX ix SET (fillfactor = 60)", set()),
    ],
)  # fmt: skip
def test_options_of_sqlalchemy(bare_database, options, sql, findings):
    metadata = _by_sqlalchemy(**options)
    metadata.create_all(bare_database.connection)
    bare_database.execute(sql or "SELECT 1")
    bare_database.expect(findings, metadata)


def test_a_function_that_says_in_which_chunk_a_row_is(bare_database):
    metadata = MetaData()
    by_function = ColumnStorage(options={"partitioning_function": "public.spread"})
    Table("events", metadata, Column("at", Integer, nullable=False), Column("tag", Text),
          Hypertable("at", chunk_interval=10, partitions=[HashPartition("tag", 2)]),
          Storage(columns={"tag": by_function}))  # fmt: skip
    bare_database.execute(
        "CREATE FUNCTION spread(anyelement) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
        "CREATE TABLE events (at int NOT NULL, tag text);"
        "SELECT create_hypertable('events', 'at', 'tag', 2, chunk_time_interval => 10,"
        " partitioning_func => 'spread')"
    )
    bare_database.expect((), metadata)
    bare_database.execute("DROP TABLE events; CREATE TABLE events (at int NOT NULL, tag text);"
        "SELECT create_hypertable('events', 'at', 'tag', 2, chunk_time_interval => 10)"
    )  # fmt: skip
    bare_database.expect({"storage:events.tag:partitioning_function"}, metadata)


def test_tablespaces(conformance_engine, migrated):
    """No transaction can make one."""
    with conformance_engine.database(migrated) as url:
        maker = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            connection.exec_driver_sql("SET allow_in_place_tablespaces = on")
            connection.exec_driver_sql("CREATE TABLESPACE fast_of_a_test LOCATION ''")
            connection.exec_driver_sql(INSTRUMENTS + "SET TABLESPACE fast_of_a_test")
            connection.exec_driver_sql("SELECT attach_tablespace('fast_of_a_test', 'signals')")
        try:
            with create_engine(url, poolclass=NullPool).connect() as connection:
                _judge_tablespaces(Database(connection, conformance_engine.capabilities))
        finally:
            with maker.connect() as connection:
                connection.exec_driver_sql("SELECT detach_tablespaces('signals')")
                connection.exec_driver_sql(INSTRUMENTS + "SET TABLESPACE pg_default")
                connection.exec_driver_sql("DROP TABLESPACE fast_of_a_test")


def _judge_tablespaces(database):
    seen = {item.object: item.reason for item in database.compare().seen}
    assert seen == {
        "instruments": "tablespace is fast_of_a_test, which no model declares",
        "signals": "tablespaces are fast_of_a_test, which no model declares",
    }
    database.expect((), database.declaring("signals", Storage(tablespaces=["fast_of_a_test"])))
    database.expect(
        {"storage:signals:tablespaces"},
        database.declaring("signals", Storage(tablespaces=["slow_of_a_test"])),
    )


def test_an_identity_whose_index_was_dropped(database):
    """PostgreSQL then treats the table as one with REPLICA IDENTITY NOTHING."""
    database.execute(
        "CREATE UNIQUE INDEX of_the_rows ON instruments (id, ticker);"
        f"{INSTRUMENTS} REPLICA IDENTITY USING INDEX of_the_rows; DROP INDEX of_the_rows"
    )
    storage = Storage(replica_identity="index of_the_rows")
    metadata = database.declaring("instruments", storage)
    database.expect({"storage:instruments:replica_identity"}, metadata)
    (found,) = database.compare(metadata).findings.values()
    assert found.observed == "nothing"
