"""`conformance fix` mends the alterations that SQL can mend, and its downgrade brings them back.

The exhaustive run is slow; one case of each kind is always run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
)

from conformance.declarations import Grant, Hypertable
from conformance.mending.plan import plan_for
from conformance.mending.revision import downgrade_body, upgrade_body
from conformance.pipeline import check_database, scope_of

from . import (
    test_aggregates,
    test_checks,
    test_chunks,
    test_columns,
    test_compression,
    test_extension,
    test_foreign_keys,
    test_hypertables,
    test_indexes,
    test_jobs,
    test_keys,
    test_objects,
    test_policies,
    test_privileges,
    test_settings,
    test_storage,
    test_tables,
    test_triggers,
    test_types,
    test_views,
)
from .cases import Alteration, ModelEdit
from .mending import prove, run_body
from .together import altered, each_alone, grouped, undone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from sqlalchemy.schema import SchemaItem

    from .cases import Database
    from .mending import Outcome


@dataclass(frozen=True)
class Case:
    """A case of another test of this folder.

    Attributes:
        id: `columns: default changed`.
        make: prepares the database and returns the models; None: the migrated database.
    """

    id: str
    case: Alteration | ModelEdit
    make: Callable[[Database], MetaData] | None


def _from_sql(module: Any) -> Callable[[Database], MetaData]:
    def make(database: Database) -> MetaData:
        database.execute("SET LOCAL client_min_messages = error")
        database.execute(module.MAKE)
        return module.models()

    return make


def _from_models(models: Callable[[], MetaData]) -> Callable[[Database], MetaData]:
    def make(database: Database) -> MetaData:
        metadata = models()
        metadata.create_all(database.connection)
        return metadata

    return make


_MIGRATED = (
    test_extension, test_tables, test_columns, test_keys, test_foreign_keys, test_checks,
    test_hypertables, test_indexes, test_compression, test_policies, test_chunks, test_triggers,
    test_storage, test_privileges, test_settings,
)  # fmt: skip
_TABLES = (
    "ALTERATIONS", "EDITS", "CASES", "JUDGED", "PRIMARY_KEYS", "UNIQUE", "ON_MODELS", "COMPRESSION",
    "OTHERS",
)  # fmt: skip
#: Tables beside another one whose cases may have the same names.
_NOUNS = {
    "EDITS": " (models)",
    "PRIMARY_KEYS": " (primary)",
    "COMPRESSION": " (compression)",
    "KEPT": " (kept)",
    "ON_INDEXED": " (declared)",
}
_OF_ORDERS = _from_models(lambda: test_types._orders("buy", "sell"))
#: Module, its tables of cases, and the database that the cases alter.
_SOURCES: tuple[tuple[ModuleType, tuple[str, ...], Any], ...] = (
    *((module, _TABLES, None) for module in _MIGRATED),
    (test_aggregates, ("UNDECLARED",), None),
    (test_aggregates, ("AGGREGATES", "KEPT"), _from_sql(test_aggregates)),
    (test_views, ("ALTERATIONS",), _from_sql(test_views)),
    (test_jobs, ("REORDER", "JOBS", "FURTHER"), _from_sql(test_jobs)),
    (test_indexes, ("ON_INDEXED",), _from_models(test_indexes._indexed)),
    (test_objects, ("DOMAINS",), _from_models(test_objects._prices)),
    (test_types, ("CASES",), _OF_ORDERS),
)


def _each() -> Iterator[Case]:
    for module, tables, make in _SOURCES:
        of = module.__name__.rpartition("test_")[2].replace("_", " ")
        for table in tables:
            for case in getattr(module, table, ()):
                if isinstance(case, Alteration | ModelEdit) and case.findings:
                    yield Case(f"{of}{_NOUNS.get(table, '')}: {case.name}", case, make)


CASES = tuple(_each())


_ALTERED = "the chunk itself was altered"
_BY_HAND = "TimescaleDB's version and mode are changed outside a migration"
_PUBLISHED = "the publication may be somebody else's"
_UNSEEN = "the other table is in a schema that is not read"
_NO_WAY_BACK = "a hypertable does not become a table, nor get another time column"
_SHARED = "of two equal indexes TimescaleDB drops the index that a chunk has for both, or refuses"
#: What no statement mends, by the names of the cases.
NOT_MENDED = {
    "extension: restoring": _BY_HAND,
    "extension: restoring in other words": _BY_HAND,
    "extension: restoring begun": _BY_HAND,
    "extension: numbers of chunks begun again": _BY_HAND,
    "extension: the last number of a hypertable not yet given": _BY_HAND,
    "extension: blind to DDL": _BY_HAND,
    "extension: blind to DDL but on a replica": _BY_HAND,
    "extension (models): minimum in the future": _BY_HAND,
    "extension (models): minimum in the far future": _BY_HAND,
    "settings: restoring, sessions from now on": _BY_HAND,
    "settings: restoring, all roles": _BY_HAND,
    "tables: a partitioned table in its place": "one kind of table does not become another",
    "tables: with a child": _UNSEEN,
    "tables: referred to from another schema": _UNSEEN,
    "tables: referred to from another schema by one that cascades": _UNSEEN,
    "tables: moved to another schema": _UNSEEN,
    "tables: with a parent": _UNSEEN,
    "checks (models): a check that the server refuses": "the models have a check without a meaning",
    # Its row security was changed in the catalog itself.
    "chunks: row security of the hypertable": "a compressed hypertable keeps its row security",
    "chunks: referred to from another schema, as its hypertable": _UNSEEN,
    "chunks: index of the same made anew in other words": "one of a chunk's own stays there",
    "chunks: indexes that are the same, before chunks": _SHARED,
    "chunks: indexes that are the same, after chunks": _SHARED,
    "chunks: indexes that are the same, before and after chunks": _SHARED,
    "hypertables: restored without TimescaleDB's catalog": "the rows of compressed chunks are lost",
    "hypertables: another time column": _NO_WAY_BACK,
    "hypertables (models): no hypertable": _NO_WAY_BACK,
    "objects: another type": "a domain keeps its type",
    "storage: published without an identity": _PUBLISHED,
    "storage: all published without an identity": _PUBLISHED,
    "storage: a schema published without an identity": _PUBLISHED,
    "storage: published, and the index of its identity dropped": _PUBLISHED,
    "storage: published with a filter outside of its identity": _PUBLISHED,
    "storage: published without the columns of its identity": _PUBLISHED,
    "storage: published with a part of its columns and all as its identity": _PUBLISHED,
    **{
        case.id: _ALTERED
        for case in CASES
        if any(name.endswith(":alterations") for name in case.case.findings)
    },
}
#: The cases that are always run, one of each kind.
ALWAYS = {
    "tables: missing", "columns: missing", "columns: default changed", "columns (models): required",
    "keys: column order", "keys (primary): dropped", "foreign keys: on delete cascade",
    "checks: dropped", "hypertables: chunk interval", "hypertables: not a hypertable",
    "indexes: undeclared", "compression: another column", "compression: disabled",
    "policies (compression): later", "policies: retention",
    "policies: a job of the procedure of the policies", "triggers: trigger",
    "aggregates: another bucket", "views: another query", "types: label missing",
}  # fmt: skip


def _groups() -> Iterator[tuple[Case, ...]]:
    """Those of one database, the ones that can be mended together."""
    alone = {*ALWAYS, *NOT_MENDED}
    # The views of those databases depend on each other.
    alone |= {case.id for case in CASES if case.id.startswith(("aggregates", "views"))}
    alone |= {case.id for case in CASES if isinstance(case.case, ModelEdit)}
    for make in dict.fromkeys(case.make for case in CASES):
        cases = [case for case in CASES if case.make is make]
        yield from grouped(cases, lambda case: () if case.id in alone else case.case.findings)


def _marked(cases: Sequence[Case]) -> Any:
    marks = () if cases[0].id in ALWAYS else (pytest.mark.slow,)
    names = "; ".join(case.id.replace(" ", "-") for case in cases)
    return pytest.param(cases, id=names, marks=marks)


@pytest.mark.parametrize("cases", [*map(_marked, _groups())])
def test_alterations(request, cases):
    """Several at once, and each alone if not all are mended together."""
    make = cases[0].make
    database = request.getfixturevalue("bare_database" if make else "database")
    if len(cases) == 1:
        mended(request, database, *cases)
    else:
        are_mended = mended_together(database, cases)
        if others := [case for case in cases if case not in are_mended]:
            each_alone(database, others, lambda case: mended(request, database, case))


def mended_together(database: Database, cases: Sequence[Case]) -> Sequence[Case]:
    """Those that are possible after each other, if each is found, and mended as it is alone."""
    make = cases[0].make
    with undone(database):
        metadata = make(database) if make else None
        made = [case for case in cases if altered(database, case.case)]
        outcome = prove(database, metadata)
    are_found = outcome.found == set().union(*(case.case.findings for case in made))
    return made if are_found and outcome.mended and not unexplained(outcome) else ()


def mended(request, database: Database, case: Case) -> None:
    metadata = case.make(database) if case.make else None
    if isinstance(case.case, ModelEdit):
        metadata = request.getfixturevalue("edited")(case.case)
    else:
        database.alter(case.case)
    if case.id in NOT_MENDED:
        # Most are known before anything is tried.
        plan = plan_for(database.compare(metadata))
        assert plan.unmended or not prove(database, metadata).mended
        return
    outcome = prove(database, metadata)
    assert not outcome.plan.unmended
    if "unprocessed inval messages" in "".join(outcome.left):
        pytest.skip("this PostgreSQL does not add a check to a domain altered just before")
    assert not outcome.left
    assert not unexplained(outcome)


def unexplained(outcome: Outcome) -> list[str]:
    """What the downgrade does not bring back, and the revision does not say."""
    kept = {item.id for item in outcome.plan.kept}
    return [text for text in outcome.changed if not belongs(text, kept)]


def belongs(text: str, kept: set[str]) -> bool:
    """Whether the fact is of such an object, or of a part of such a table."""
    table = text.split(":")[1].partition(".")[0]
    return text.startswith(tuple(kept)) or f"table:{table}" in kept


def test_the_documentation_counts_them():
    page = (Path(__file__).parents[2] / "docs" / "fix.md").read_text("utf-8")
    assert {case.id for case in CASES} >= NOT_MENDED.keys()
    assert f"{len(CASES) - len(NOT_MENDED)} of {len(CASES)}" in page


LEFT_BEHIND = """
ALTER TABLE {0} RENAME TO {0}_old;
CREATE TABLE {0} (LIKE {0}_old INCLUDING ALL);
"""


@pytest.mark.parametrize("table", ["data_sources", "curves"])
def test_a_copy_whose_original_still_has_the_names(database, table):
    """The names of indexes are free when the old table is dropped."""
    database.execute("ALTER TABLE series_metadata"
                     " DROP CONSTRAINT fk_series_metadata_source_id_data_sources")  # fmt: skip
    database.execute(LEFT_BEHIND.format(table))
    outcome = prove(database)
    assert outcome.mended
    # What was a hypertable of others comes back as a table, and that of the models stays one.
    assert not [text for text in outcome.changed if not text.startswith("hypertable:")]


@pytest.mark.parametrize(
    ("given", "others", "then"),
    [("1, 2", "", 100), ("1, 2", ", (150)", 151), ("120", "", 121)],
    ids=["below", "and others above", "above already"],
)
def test_an_identity_goes_on_in_its_new_range(bare_database, given, others, then):
    metadata = MetaData()
    of_id = Identity(start=100, minvalue=100)
    Table("Ticks", metadata, Column("Id", Integer, of_id, primary_key=True))
    bare_database.execute(
        'CREATE TABLE "Ticks" ("Id" int GENERATED BY DEFAULT AS IDENTITY,'
        ' CONSTRAINT "Ticks_pkey" PRIMARY KEY ("Id"));'
        """SELECT setval('"Ticks_Id_seq"', n) FROM unnest(ARRAY[""" + given + "]) n;"
        f'INSERT INTO "Ticks" SELECT unnest(ARRAY[{given}]);'
        + (f'INSERT INTO "Ticks" VALUES {others[2:]}' if others else "")
    )
    plan = plan_for(bare_database.compare(metadata))
    assert not plan.unmended
    assert not run_body(bare_database.connection, upgrade_body(plan))
    assert not bare_database.compare(metadata).findings
    assert bare_database.value("""SELECT nextval('"Ticks_Id_seq"')""") == then


@pytest.mark.parametrize("start", [None, 1], ids=["at its least number", "above it"])
def test_the_start_of_a_sequence_comes_back(bare_database, start):
    """PostgreSQL begins at the least number, unless the start is given."""
    metadata = MetaData()
    Sequence("numbers", metadata=metadata)
    given = "" if start is None else f" START {start}"
    bare_database.execute(f"CREATE SEQUENCE numbers MINVALUE -5{given}")
    outcome = prove(bare_database, metadata)
    assert outcome.mended
    assert not outcome.changed


@pytest.mark.parametrize("used", [False, True])
def test_a_sequence_begins_in_its_new_range(bare_database, used):
    metadata = MetaData()
    Sequence("Numbers", metadata=metadata, start=-10, increment=-1, maxvalue=-10, minvalue=-99)
    bare_database.execute('CREATE SEQUENCE "Numbers" INCREMENT -1')
    if used:
        bare_database.execute("""SELECT nextval('"Numbers"')""")
    assert prove(bare_database, metadata).mended
    assert not run_body(
        bare_database.connection, upgrade_body(plan_for(bare_database.compare(metadata)))
    )
    assert bare_database.value("""SELECT nextval('"Numbers"')""") == -10


def test_names_without_a_schema_are_found_wherever_a_session_looks(bare_database):
    """The models name the schema, and the project's configuration has it first."""
    metadata = MetaData(schema="lab")
    Table("Ticks", metadata, Column("at", DateTime(timezone=True), primary_key=True),
          Column("note", Text), Hypertable("at", chunk_interval="7 days"))  # fmt: skip
    bare_database.execute(
        'CREATE SCHEMA lab; CREATE TABLE lab."Ticks" (at timestamptz, note varchar(9),'
        ' CONSTRAINT "Ticks_pkey" PRIMARY KEY (at));'
        """SELECT create_hypertable('lab."Ticks"', 'at', chunk_time_interval => INTERVAL '1 day')"""
    )
    connection = bare_database.connection
    scope = scope_of(metadata, ("lab",))
    comparison = check_database(connection, metadata, bare_database.capabilities, scope)
    plan = plan_for(comparison, schema="lab")
    for body, left in ((upgrade_body(plan), 0), (downgrade_body(plan), 2)):
        bare_database.execute("SET LOCAL search_path = public")
        assert not run_body(connection, body)
        assert bare_database.value("SHOW search_path") == "public"
        found = check_database(connection, metadata, bare_database.capabilities, scope).findings
        assert len(found) == left


def test_what_stays_as_it_is_takes_others_with_it_and_does_not_come_back(bare_database):
    """The models know no hypertable: their key cannot be had, and the way back makes no second."""
    metadata = MetaData()
    Table("ticks", metadata, Column("number", Integer, primary_key=True, autoincrement=False),
          Column("at", DateTime(timezone=True)), Column("note", Text))  # fmt: skip
    bare_database.execute(
        "CREATE TABLE ticks (number integer, at timestamptz, note varchar(9),"
        " CONSTRAINT ticks_pkey PRIMARY KEY (number, at));"
        "SELECT create_hypertable('ticks', 'at', create_default_indexes => false)"
    )
    comparison = bare_database.compare(metadata)
    plan = plan_for(comparison)
    assert {item.id for item in plan.unmended} == {
        "primary_key:ticks:columns", "hypertable:ticks:exists", "column:ticks.at:nullable",
    }  # fmt: skip
    (step,) = plan.upgrade
    assert "COLUMN note TYPE TEXT" in step.sql
    before = comparison.sides[1]
    for body in (upgrade_body(plan), downgrade_body(plan)):
        assert not run_body(bare_database.connection, body)
    assert bare_database.compare(metadata).sides[1] == before


def _models(*tables: Table) -> MetaData:
    metadata = MetaData()
    for table in tables:
        table.to_metadata(metadata)
    return metadata


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, MetaData(), *parts)


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True)


STATE = Enum("on", "off", name="state")
#: Name -> the database in SQL, and the tables of the models.
OF_TWO_SCHEMAS: dict[str, tuple[str, tuple[Table, ...]]] = {
    "an undeclared table with storage parameters": (
        "CREATE TABLE earlier (a integer, b integer) WITH (fillfactor = 50);"
        "CREATE INDEX by_a ON earlier (a) WITH (fillfactor = 60);"
        "ALTER TABLE earlier ALTER b SET STATISTICS 7",
        (),
    ),
    "an undeclared table with the columns of a new one": (
        "CREATE TABLE earlier (a integer, b integer) WITH (fillfactor = 50);"
        "COMMENT ON TABLE earlier IS 'a table'; COMMENT ON COLUMN earlier.a IS 'a column'",
        (_table("later", Column("a", Integer), Column("b", Integer)),),
    ),
    "tables that refer to each other": (
        "CREATE TABLE d (id integer)",
        (
            _table(
                "a",
                _key("id"),
                Column("b", ForeignKey("b.id", name="to_b")),
                Column("a", ForeignKey("a.id")),
            ),
            _table("b", _key("id"), Column("a", ForeignKey("a.id", name="to_a"))),
            _table("c", _key("id"), Column("a", ForeignKey("a.id", name="to_a"))),
        ),
    ),
    "a reference to a key of a table that stays": (
        "CREATE TABLE t (a integer, b integer, CONSTRAINT t_pkey PRIMARY KEY (a));"
        "CREATE TABLE earlier (a integer REFERENCES t)",
        (
            _table("t", _key("b"), Column("a", Integer), UniqueConstraint("b", "a", name="pair")),
            _table(
                "later",
                Column("a", Integer),
                Column("b", Integer),
                ForeignKeyConstraint(["a", "b"], ["t.a", "t.b"], name="to_both"),
            ),
        ),
    ),
    "a reference in another order than that of the key": (
        "CREATE TABLE t (a integer, b integer, CONSTRAINT pair UNIQUE (b, a));"
        "CREATE TABLE u (a integer, b integer,"
        " CONSTRAINT to_both FOREIGN KEY (a, b) REFERENCES t (a, b))",
        (
            _table(
                "t",
                Column("a", Integer),
                Column("b", Integer),
                UniqueConstraint("b", "a", name="pair", postgresql_nulls_not_distinct=True),
            ),
            _table(
                "u",
                Column("a", Integer),
                Column("b", Integer),
                ForeignKeyConstraint(["a", "b"], ["t.a", "t.b"], name="to_both"),
            ),
        ),
    ),
    "an identity that becomes a text": (
        "CREATE TABLE t (a integer GENERATED ALWAYS AS IDENTITY, b serial)",
        (_table("t", Column("a", Text, nullable=False), Column("b", Text, nullable=False)),),
    ),
    "enums instead of other types": (
        "CREATE TYPE state AS ENUM ('on', 'off');"
        "CREATE TABLE t (a boolean, b state, c state, d text)",
        (
            _table(
                "t", Column("a", STATE), Column("b", Integer), Column("c", Text), Column("d", STATE)
            ),
        ),
    ),
    "several checks without a name": (
        "CREATE TABLE t (a integer, b integer, CONSTRAINT t_check1 CHECK (b > 0))",
        (
            _table(
                "t",
                Column("a", Integer),
                Column("b", Integer),
                CheckConstraint("a > 1"),
                CheckConstraint("a > 2"),
                CheckConstraint("b > 0", name="t_check1"),
            ),
        ),
    ),
    "other collations and types without any": (
        'CREATE TABLE t (a time, b varchar(5) COLLATE "C", c varchar(9) COLLATE "C",'
        ' d varchar(7) COLLATE "C", e varchar(9))',
        (
            _table(
                "t",
                Column("a", String(5, collation="C")),
                Column("b", Time),
                Column("c", String(9)),
                Column("d", String(9, collation="C")),
                Column("e", String(9, collation="C")),
            ),
        ),
    ),
    "a generated column and what it is computed from": (
        "CREATE TABLE t (a integer, x integer, y integer GENERATED ALWAYS AS (x + 1) STORED)",
        (
            _table(
                "t",
                Column("a", Integer),
                Column("g", Integer, Computed("b * 2")),
                Column("b", Integer),
            ),
        ),
    ),
    "another type of what a column is computed from": (
        "CREATE TABLE t (a smallint, g integer GENERATED ALWAYS AS (a * 2) STORED,"
        " CONSTRAINT positive CHECK (g > 0)); CREATE INDEX by_g ON t (g);"
        "COMMENT ON COLUMN t.g IS 'twice'",
        (
            _table(
                "t",
                Column("a", Integer),
                Column("g", Integer, Computed("a * 2"), comment="twice"),
                CheckConstraint("g > 0", name="positive"),
                Index("by_g", "g"),
            ),
        ),
    ),
    "no longer computed from a column that goes": (
        "CREATE TABLE t (a integer, b smallint,"
        " g integer GENERATED ALWAYS AS (a * b) STORED); COMMENT ON COLUMN t.g IS 'product'",
        (_table("t", Column("b", Integer), Column("g", BigInteger, comment="product")),),
    ),
}


@pytest.mark.parametrize("case", OF_TWO_SCHEMAS, ids=lambda case: case.replace(" ", "-"))
def test_one_schema_becomes_the_other_and_comes_back(bare_database, case):
    sql, tables = OF_TWO_SCHEMAS[case]
    bare_database.execute(sql)
    outcome = prove(bare_database, _models(*tables))
    assert outcome.found
    assert outcome.mended
    assert not outcome.changed


def test_what_a_new_table_lacks_is_named(bare_database):
    """A missing table is one finding, which says nothing of the privileges on it."""
    metadata = MetaData()
    Table("daily ticks", metadata, Column("number", Integer))
    Grant("select", to="reader", on="daily ticks").require(metadata)
    bare_database.execute("CREATE ROLE reader")
    outcome = prove(bare_database, metadata)
    assert outcome.left == ["privilege:daily ticks.reader:exists"]
    assert [item.id for item in outcome.plan.unmended] == outcome.left
