"""Tables: missing, undeclared, and what changes the meaning of their rows."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from conformance.declarations import include_object

from .cases import Alteration, ModelEdit, parametrize

ALTERATIONS = (
    Alteration("nothing", "SELECT 1"),
    Alteration("missing", "DROP TABLE curves", {"table:curves:exists"}),
    Alteration(
        "missing with what refers to it",
        "DROP TABLE data_sources CASCADE",
        {"table:data_sources:exists"},
    ),
    Alteration("undeclared", "CREATE TABLE positions (id int)", {"table:positions:exists"}),
    Alteration(
        "undeclared and like Alembic's",
        "CREATE TABLE desk_version (version_num varchar(32) NOT NULL, at timestamptz,"
        " CONSTRAINT desk_version_pkc PRIMARY KEY (version_num))",
        {"table:desk_version:exists"},
    ),
    Alteration(
        "undeclared without columns",
        "CREATE TABLE nothing_in_it ()",
        {"table:nothing_in_it:exists"},
    ),
    Alteration(
        "undeclared partitioned",
        "CREATE TABLE parted (d date) PARTITION BY RANGE (d);"
        "CREATE TABLE parted_1 PARTITION OF parted DEFAULT",
        {"table:parted:exists"},
    ),
    Alteration(
        "undeclared foreign",
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;"
        "CREATE FOREIGN TABLE quotes (id int) SERVER nowhere",
        {"table:quotes:exists"},
    ),
    Alteration(
        "undeclared hypertable",
        "CREATE TABLE ticks (t timestamptz NOT NULL); SELECT create_hypertable('ticks', 't')",
        {"table:ticks:exists"},
    ),
    Alteration(
        "renamed",
        "ALTER TABLE curves RENAME TO curve_data",
        {"table:curves:exists"},
    ),
    Alteration(
        "moved to another schema",
        "CREATE SCHEMA attic; ALTER TABLE signals SET SCHEMA attic",
        {"table:signals:exists"},
    ),
    Alteration(
        "unlogged",
        "ALTER TABLE series_metadata DROP CONSTRAINT fk_series_metadata_source_id_data_sources;"
        "ALTER TABLE data_sources SET UNLOGGED",
        {
            "table:data_sources:persistence",
            "foreign_key:series_metadata.fk_series_metadata_source_id_data_sources:exists",
        },
    ),
    Alteration(
        "row security on",
        "ALTER TABLE instruments ENABLE ROW LEVEL SECURITY",
        {"table:instruments:row_security"},
    ),
    Alteration(
        "row security forced",
        "ALTER TABLE instruments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        {"table:instruments:row_security"},
    ),
    Alteration(
        "with a child",
        "CREATE SCHEMA attic; CREATE TABLE attic.old_instruments () INHERITS (instruments)",
        {"table:instruments:inherited_by"},
    ),
    Alteration(
        "referred to from another schema",
        "CREATE SCHEMA attic; CREATE TABLE attic.notes (instrument int REFERENCES instruments)",
        {"table:instruments:referred_to_by"},
    ),
    Alteration(
        "referred to from another schema by one that cascades",
        "CREATE SCHEMA attic; CREATE TABLE attic.notes ("
        "source int REFERENCES data_sources ON DELETE CASCADE)",
        {"table:data_sources:referred_to_by"},
    ),
    Alteration(
        "read from another schema",
        "CREATE SCHEMA attic; CREATE VIEW attic.names AS SELECT name FROM instruments",
    ),
    Alteration(
        "with a parent",
        "CREATE SCHEMA attic; CREATE TABLE attic.named (name text NOT NULL);"
        "ALTER TABLE instruments INHERIT attic.named",
        {"table:instruments:inherits"},
    ),
    Alteration(
        "a view in its place",
        "ALTER TABLE curves SET SCHEMA _timescaledb_cache;"
        "CREATE VIEW curves AS SELECT * FROM _timescaledb_cache.curves",
        {"table:curves:exists"},
    ),
    Alteration(
        "a partitioned table in its place",
        "DROP TABLE curves;"
        "CREATE TABLE curves (id bigint GENERATED ALWAYS AS IDENTITY, curve_date date NOT NULL,"
        " curve_id text NOT NULL, tenor_days integer NOT NULL, tenor_label text,"
        " rate double precision NOT NULL, curve_type text, source text,"
        " CONSTRAINT pk_curves PRIMARY KEY (id, curve_date),"
        " CONSTRAINT uq_curves_natural_key UNIQUE (curve_id, curve_date, tenor_days),"
        " CONSTRAINT ck_curves_tenor_days CHECK (tenor_days >= 0),"
        " CONSTRAINT ck_curves_curve_type CHECK (curve_type IN"
        " ('sovereign', 'swap', 'real', 'breakeven', 'credit', 'basis'))"
        ") PARTITION BY RANGE (curve_date)",
        # PostgreSQL 15 and 16 have no identity columns in partitioned tables.
        {"table:curves:kind", "hypertable:curves:exists"},
        postgresql=17,
    ),
)

EDITS = (
    ModelEdit(
        "a table more",
        "instruments.py",
        "class Instrument(Base):",
        "class Venue(Base):\n"
        '    __tablename__ = "venues"\n'
        "    id: Mapped[MetadataId]\n\n\n"
        "class Instrument(Base):",
        {"table:venues:exists"},
    ),
    ModelEdit(
        "a table less",
        "__init__.py",
        "from models.curves import CurveData\n",
        "",
        {"table:curves:exists"},
    ),
    ModelEdit(
        "another name",
        "signals.py",
        '__tablename__ = "signals"',
        '__tablename__ = "desk_signals"',
        {"table:desk_signals:exists"},
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


FOREIGN = """
CREATE FOREIGN DATA WRAPPER far;
CREATE SERVER away FOREIGN DATA WRAPPER far;
CREATE FOREIGN TABLE quotes (id integer) SERVER away;
"""


ROLES = """
CREATE ROLE reader; CREATE ROLE beyond BYPASSRLS;
ALTER TABLE instruments OWNER TO reader; ALTER TABLE instruments ENABLE ROW LEVEL SECURITY;
"""


@pytest.mark.parametrize(
    ("sql", "roles"),
    [
        ("", ""),
        ("GRANT SELECT ON instruments TO beyond", "beyond"),
        ("GRANT UPDATE ON instruments TO PUBLIC", "beyond"),
        ("GRANT reader TO beyond", "beyond"),
        ("GRANT SELECT ON instruments TO beyond; ALTER ROLE beyond NOBYPASSRLS", ""),
        ("GRANT SELECT ON data_sources TO beyond", ""),
        ("GRANT SELECT ON instruments TO beyond; ALTER TABLE instruments DISABLE ROW LEVEL"
         " SECURITY", ""),
        ("ALTER ROLE reader BYPASSRLS", ""),
        ("ALTER ROLE reader BYPASSRLS; ALTER TABLE instruments FORCE ROW LEVEL SECURITY", "reader"),
        ("GRANT SELECT ON instruments TO beyond; CREATE ROLE all_too BYPASSRLS;"
         " GRANT SELECT ON instruments TO all_too", "all_too, beyond"),
        ("CREATE ROLE root SUPERUSER", ""),
    ],
)  # fmt: skip
def test_roles_for_which_row_security_means_nothing_are_named(database, sql, roles):
    database.execute(ROLES + sql)
    said = f"roles that bypass row security are {roles}, which no model declares"
    found = [entry.reason for entry in database.compare().seen if entry.kind == "table"]
    assert found == ([said] if roles else [])


@pytest.mark.parametrize(
    ("prefixes", "sql", "findings"),
    [
        (["FOREIGN"], FOREIGN, ()),
        (["FOREIGN"], "CREATE TABLE quotes (id integer)", {"table:quotes:kind"}),
        (["FOREIGN"], "SELECT 1", {"table:quotes:exists"}),
        ([], FOREIGN, {"table:quotes:kind"}),
    ],
)
def test_a_foreign_table(bare_database, prefixes, sql, findings):
    metadata = MetaData()
    quotes = Table("quotes", metadata, Column("id", Integer), prefixes=prefixes)
    bare_database.execute(sql)
    bare_database.expect(findings, metadata)
    # SQLAlchemy does not list foreign tables: autogenerate would create it again.
    assert include_object(quotes) is not bool(prefixes)


def _hint_of_the_missing(database) -> str:
    """Of the one table that is missing."""
    found = database.compare().findings.values()
    (finding,) = (item for item in found if item.kind == "table" and item.attribute == "exists")
    return f"{finding.message} {finding.hint}"


def test_a_table_that_went_to_a_schema_that_is_not_checked(database):
    database.execute('CREATE SCHEMA "Attic"; ALTER TABLE curves SET SCHEMA "Attic"')
    hint = _hint_of_the_missing(database)
    assert "is missing, the models declare it; Attic.curves has the same columns" in hint
    assert 'run ALTER TABLE "Attic".curves SET SCHEMA public in a migration' in hint


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE attic.curves (id int, curve_date date)",
        "CREATE TABLE attic.other AS SELECT * FROM curves",
        "CREATE TABLE attic.curves AS SELECT * FROM curves; CREATE SCHEMA cellar;"
        "CREATE TABLE cellar.curves AS SELECT * FROM curves",
        "CREATE VIEW attic.curves AS SELECT * FROM market_data",
    ],
    ids=["other columns", "another name", "two", "a view"],
)
def test_a_table_that_nothing_elsewhere_is_taken_for(database, sql):
    database.execute(f"CREATE SCHEMA attic; {sql}; DROP TABLE curves")
    assert "SET SCHEMA" not in _hint_of_the_missing(database)
