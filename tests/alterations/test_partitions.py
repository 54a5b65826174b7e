"""Partitions of PostgreSQL: each is like its table, which is partitioned as declared."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, Table

from conformance.declarations import Grant
from conformance.observed.partitions import covered

from .cases import Alteration, parametrize
from .mending import prove

MAKE = """
CREATE TABLE kinds (id int PRIMARY KEY);
CREATE TABLE events (
    day date NOT NULL, size int, "Kind" int REFERENCES kinds, CONSTRAINT pk_events PRIMARY KEY (day)
) PARTITION BY RANGE (day);
CREATE INDEX ix_events_size ON events (size);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2021 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')
    PARTITION BY LIST (day);
CREATE TABLE events_2021_a PARTITION OF events_2021 DEFAULT;
CREATE TABLE notes (day date PRIMARY KEY REFERENCES events);
"""
SWALLOW = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
ALTERED = {"table:events:altered_partitions"}
KEY = {"table:events:partitioned_by"}


def models(partition_by: str = "RANGE (day)") -> MetaData:
    """A partitioned table, a table that it refers to, and one that refers to it."""
    metadata = MetaData()
    Table("kinds", metadata, Column("id", Integer, primary_key=True, autoincrement=False))
    Table("events", metadata, Column("day", Date, primary_key=True), Column("size", Integer),
          Column("Kind", Integer, ForeignKey("kinds.id")), Index("ix_events_size", "size"),
          postgresql_partition_by=partition_by)  # fmt: skip
    Table("notes", metadata, Column("day", Date, ForeignKey("events.day"), primary_key=True))
    return metadata


ALTERATIONS = (
    Alteration("trigger", SWALLOW + "CREATE TRIGGER s BEFORE INSERT ON events_2020 FOR EACH ROW"
               " EXECUTE FUNCTION swallow()", ALTERED),
    Alteration("trigger of a partition's partition", SWALLOW + "CREATE TRIGGER s BEFORE INSERT ON"
               " events_2021_a FOR EACH ROW EXECUTE FUNCTION swallow()", ALTERED),
    Alteration("rule", "CREATE RULE r AS ON INSERT TO events_2020 DO INSTEAD NOTHING", ALTERED),
    Alteration("check", "ALTER TABLE events_2020 ADD CHECK (size > 0)", ALTERED),
    Alteration("not null", "ALTER TABLE events_2020 ALTER size SET NOT NULL", ALTERED),
    Alteration("unique", "CREATE UNIQUE INDEX ON events_2020 (size)", ALTERED),
    Alteration("foreign key", 'ALTER TABLE events_2020 ADD FOREIGN KEY (size) REFERENCES kinds',
               ALTERED),
    Alteration("unlogged", "UPDATE pg_class SET relpersistence = 'u' WHERE relname = 'events_2020'",
               ALTERED),
    Alteration("row security", "ALTER TABLE events_2020 ENABLE ROW LEVEL SECURITY", ALTERED),
    Alteration("row security of the owner, too",
               "ALTER TABLE events_2020 FORCE ROW LEVEL SECURITY", ALTERED),
    Alteration("policy", "CREATE POLICY p ON events_2020 USING (false)", ALTERED),
    Alteration("vacuum", "ALTER TABLE events_2020 SET (autovacuum_enabled = off)", ALTERED),
    Alteration("workers", "ALTER TABLE events_2020 SET (parallel_workers = 0)", ALTERED),
    Alteration("privileges", "GRANT INSERT ON events_2020 TO PUBLIC", ALTERED),
    Alteration("privileges of a column", "GRANT SELECT (size) ON events_2020 TO PUBLIC", ALTERED),
    Alteration("owner", "CREATE ROLE another_of_a_test;"
               " ALTER TABLE events_2020 OWNER TO another_of_a_test", ALTERED),
    Alteration("a trigger that is off", SWALLOW + "CREATE TRIGGER s BEFORE INSERT ON events"
               " FOR EACH ROW EXECUTE FUNCTION swallow();"
               "ALTER TABLE events_2020 DISABLE TRIGGER s", {*ALTERED, "trigger:events.s:exists"}),
    Alteration("half detached", "UPDATE pg_inherits SET inhdetachpending = true"
               " WHERE inhrelid = 'events_2020'::regclass", ALTERED),
    Alteration("another key", "DROP TABLE notes, events; CREATE TABLE events (day date PRIMARY KEY,"
               ' size int, "Kind" int REFERENCES kinds) PARTITION BY LIST (day);'
               "CREATE INDEX ix_events_size ON events (size);"
               "CREATE TABLE notes (day date PRIMARY KEY REFERENCES events)", KEY),
    Alteration("a table in its place", "DROP TABLE notes, events; CREATE TABLE events (day date"
               ' PRIMARY KEY, size int, "Kind" int REFERENCES kinds);'
               "CREATE INDEX ix_events_size ON events (size);"
               "CREATE TABLE notes (day date PRIMARY KEY REFERENCES events)",
               {"table:events:kind"}),
)  # fmt: skip

#: What is only named: the statement, and what the verdict says of the partition.
STORAGE = (
    ("ALTER size SET STATISTICS 7", "column size has statistics 7"),
    ("ALTER size SET (n_distinct = 9)", "column size has {n_distinct=9}"),
    ("ALTER size SET DEFAULT 9", "column size has a default of its own"),
    ("SET (fillfactor = 50)", "has fillfactor=50"),
    ("REPLICA IDENTITY FULL", "has replica identity f"),
)


def test_defaults_of_a_partition_that_are_written_out_are_not_named(made):
    made.execute("ALTER TABLE events_2020 SET (fillfactor = 100, autovacuum_enabled = on)")
    assert not [item for item in made.compare().seen if "has" in item.reason]


@pytest.mark.parametrize(("sql", "said"), STORAGE)
def test_storage_of_a_partition_is_named(made, sql, said):
    made.execute(f"ALTER TABLE events_2020 {sql}")
    made.expect(())
    (entry,) = made.compare().seen
    assert f"{entry.kind} {entry.object}: {entry.reason}" == (
        f"table events: partition storage is events_2020 {said}, partitions are {BOUNDS},"
        " which no model declares"
    )


BOUNDS = "FROM ('2020-01-01') TO ('2022-01-01') in 2 partitions, events_2021: DEFAULT"

#: Which partitions a table has changes with time: they are named.
PARTITIONS = (
    ("", BOUNDS),
    ("DROP TABLE notes, events_2020",
     "FROM ('2021-01-01') TO ('2022-01-01'), events_2021: DEFAULT"),
    ("DROP TABLE notes, events_2021_a", "FROM ('2020-01-01') TO ('2022-01-01') in 2 partitions"),
    ("DROP TABLE notes, events_2020, events_2021", "none"),
    ("ALTER TABLE events DETACH PARTITION events_2020; ALTER TABLE events ATTACH PARTITION"
     " events_2020 FOR VALUES FROM ('2019-01-01') TO ('2020-01-01')",
     "FROM ('2019-01-01') TO ('2020-01-01'), FROM ('2021-01-01') TO ('2022-01-01'),"
     " events_2021: DEFAULT"),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "bounds"), PARTITIONS)
def test_the_bounds_of_partitions_are_named(made, sql, bounds):
    if sql:
        made.execute(sql)
    (entry,) = made.compare().seen
    assert entry.reason == f"partitions are {bounds}, which no model declares"


def test_of_many_bounds_the_first_are_named():
    told = covered(f"FOR VALUES IN ({n})" for n in range(53))
    assert told.endswith("FOR VALUES IN (49), and 3 more")


def _declaring(*names: str, schema: str | None = None) -> MetaData:
    """The models, which declare partitions as tables of their own, too."""
    metadata = models()
    for name in names:
        Table(name, metadata, Column("day", Date, primary_key=True), Column("size", Integer),
              Column("Kind", Integer, ForeignKey("kinds.id")), schema=schema)  # fmt: skip
    return metadata


@pytest.mark.parametrize(
    ("name", "parent"), [("events_2020", "events"), ("events_2021_a", "events_2021")]
)
def test_a_partition_that_is_declared_is_compared_with_its_table(made, name, parent):
    metadata = _declaring(name)
    Grant("select", to="pg_monitor").require(metadata)
    made.execute("GRANT SELECT ON kinds, events, notes TO pg_monitor")
    made.expect((), metadata)
    unseen = made.compare(metadata).not_checked.values()
    reason = (
        f"the database has the table as a partition of {parent}: partitions are compared with their"
        " table, and need no declaration"
    )
    assert {
        f"table:{name}:exists", f"column:{name}.size:type", f"privilege:{name}.pg_monitor:exists",
    } < {item.id for item in unseen if item.reason == reason}  # fmt: skip
    outcome = prove(made, metadata)
    assert (outcome.mended, outcome.plan.upgrade) == (True, ())


def test_what_was_done_to_a_declared_partition_is_still_named(made):
    made.execute("ALTER TABLE events_2020 ADD CHECK (size > 0)")
    made.expect(ALTERED, _declaring("events_2020"))


def test_a_declared_partition_in_a_schema_of_its_own(made):
    made.execute("CREATE SCHEMA parts; CREATE TABLE parts.old PARTITION OF events"
                 " FOR VALUES FROM ('2019-01-01') TO ('2020-01-01')")  # fmt: skip
    made.expect((), _declaring("old", schema="parts"))
    made.expect({"table:old:exists"}, _declaring("old"))


def test_a_declared_partition_that_is_missing_is_named(made):
    metadata = _declaring("events_2020", "events_2019")
    made.expect({"table:events_2019:exists"}, metadata)
    made.execute("ALTER TABLE notes DROP CONSTRAINT notes_day_fkey; DROP TABLE events_2020")
    made.expect({"table:events_2019:exists", "table:events_2020:exists",
                 "foreign_key:notes.notes_day_fkey:exists"}, metadata)  # fmt: skip


HARMLESS = (
    Alteration("as declared", "SELECT 1"),
    Alteration("a partition more", "CREATE TABLE more PARTITION OF events DEFAULT"),
    Alteration("a partition less", "ALTER TABLE events DETACH PARTITION events_2020;"
               "DROP TABLE events_2020"),
    Alteration("a table attached", 'CREATE TABLE more (day date NOT NULL, size int, "Kind" int);'
               "ALTER TABLE events ATTACH PARTITION more FOR VALUES FROM ('2022-01-01') TO"
               " ('2023-01-01')"),
    Alteration("attached without a scan", 'CREATE TABLE more ("Kind" int, size int, day date'
               " NOT NULL, CHECK (day >= date '2022-01-01' AND day < date '2023-01-01'));"
               "ALTER TABLE events ATTACH PARTITION more FOR VALUES FROM ('2022-01-01') TO"
               " ('2023-01-01')"),
    Alteration("a default that only a direct write gets",
               "ALTER TABLE events_2020 ALTER size SET DEFAULT 7"),
    Alteration("vacuumed as usual", "ALTER TABLE events_2020 SET (autovacuum_enabled = on,"
               " fillfactor = 90)"),
    Alteration("granted on both", "GRANT SELECT ON events_2020 TO pg_monitor"),
    Alteration("a trigger of the table", SWALLOW + "CREATE TRIGGER s BEFORE INSERT ON events"
               " FOR EACH ROW EXECUTE FUNCTION swallow()", {"trigger:events.s:exists"}),
    Alteration("a key of the table", "ALTER TABLE events ADD UNIQUE (size, day)",
               {"unique:events.events_size_day_key:exists"}),
    Alteration("rows", "INSERT INTO events VALUES ('2020-05-05', 1), ('2021-05-05', 2)"),
)  # fmt: skip


@parametrize(ALTERATIONS)
def test_alteration(made, case):
    made.alter(case)
    made.expect(case.findings)


@parametrize(HARMLESS)
def test_harmless(made, case):
    made.alter(case)
    made.expect(case.findings)


@pytest.mark.parametrize(
    ("declared", "findings"),
    [
        ("range(day)", ()),
        (' RANGE ( "day" ) ', ()),
        ("RANGE (DAY)", ()),
        ("LIST (day)", KEY),
        ("RANGE (day, size)", KEY),
        ("RANGE (date_trunc('day', day))", ()),
    ],
)
def test_a_key_in_other_words(made, declared, findings):
    """A key with expressions is not compared."""
    made.expect(findings, models(declared))


@pytest.mark.parametrize(
    ("name", "written"),
    [("timestamp", "timestamp"), ("timestamp", '"timestamp"'), ("order", '"order"')],
)
def test_a_key_that_is_a_key_word(bare_database, name, written):
    """PostgreSQL prints the names of such columns with quotes."""
    metadata = MetaData()
    Table("events", metadata, Column(name, Date, nullable=False),
          postgresql_partition_by=f"RANGE ({written})")  # fmt: skip
    metadata.create_all(bare_database.connection)
    assert [*bare_database.compare(metadata).findings.values()] == []
