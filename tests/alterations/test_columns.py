"""Columns: there or not, type, nullability, default, identity, generation, collation."""

from __future__ import annotations

import pytest
from sqlalchemy import ARRAY, Column, Integer, MetaData, Sequence, String, Table, Text, text

from .cases import Alteration, ModelEdit, parametrize
from .mending import prove

INSTRUMENTS = "ALTER TABLE instruments "


def beside_compression(*changes):
    """Changes of curves that TimescaleDB refuses while compression is on."""
    off = "ALTER TABLE curves SET (timescaledb.compress = false)"
    on = (
        "ALTER TABLE curves SET (timescaledb.compress, timescaledb.compress_segmentby = 'curve_id',"
        " timescaledb.compress_orderby = 'curve_date DESC, tenor_days, id')"
    )
    return ";".join((off, *(f"ALTER TABLE curves {change}" for change in changes), on))


ALTERATIONS = (
    Alteration(
        "missing",
        INSTRUMENTS + "DROP COLUMN exchange",
        {"column:instruments.exchange:exists"},
    ),
    Alteration(
        "missing in a hypertable",
        "ALTER TABLE market_data DROP COLUMN volume",
        {"column:market_data.volume:exists"},
    ),
    Alteration(
        "undeclared",
        INSTRUMENTS + "ADD COLUMN isin text",
        {"column:instruments.isin:exists"},
    ),
    Alteration(
        "undeclared with default and check",
        INSTRUMENTS + "ADD COLUMN isin text NOT NULL DEFAULT '' CHECK (length(isin) < 13)",
        {"column:instruments.isin:exists", "check:instruments.instruments_isin_check:exists"},
    ),
    Alteration(
        "undeclared in a hypertable",
        "ALTER TABLE market_data ADD COLUMN vwap double precision",
        {"column:market_data.vwap:exists"},
    ),
    Alteration(
        "renamed",
        "ALTER TABLE vol_surfaces RENAME COLUMN implied_vol TO vol",
        {"column:vol_surfaces.implied_vol:exists"},
    ),
    Alteration(
        "varchar for text",
        INSTRUMENTS + "ALTER COLUMN country TYPE varchar",
        {"column:instruments.country:type"},
    ),
    Alteration(
        "bounded varchar for text",
        INSTRUMENTS + "ALTER COLUMN country TYPE varchar(2)",
        {"column:instruments.country:type"},
    ),
    Alteration(
        "bigint for integer",
        "ALTER TABLE series_metadata ALTER COLUMN release_lag_days TYPE bigint",
        {"column:series_metadata.release_lag_days:type"},
    ),
    Alteration(
        "bigint for an integer identity",
        "ALTER TABLE instruments ALTER COLUMN id TYPE bigint",
        {"column:instruments.id:type"},
    ),
    Alteration(
        "timestamp without time zone",
        INSTRUMENTS + "ALTER COLUMN created_at TYPE timestamp",
        {"column:instruments.created_at:type"},
    ),
    Alteration(
        "timestamp of lower precision",
        INSTRUMENTS + "ALTER COLUMN created_at TYPE timestamptz(0)",
        {"column:instruments.created_at:type"},
    ),
    Alteration(
        "real for double in a hypertable",
        "ALTER TABLE market_data ALTER COLUMN close TYPE real",
        {"column:market_data.close:type"},
        since=(2, 28),
    ),
    Alteration(
        "json for jsonb without compression",
        "ALTER TABLE signals DROP COLUMN details; ALTER TABLE signals ADD COLUMN details json",
        {"column:signals.details:type"},
    ),
    Alteration(
        "a domain for its base type",
        "CREATE DOMAIN country_code AS text;"
        + INSTRUMENTS
        + "ALTER COLUMN country TYPE country_code",
        {"column:instruments.country:type"},
    ),
    Alteration(
        "made required",
        INSTRUMENTS + "ALTER COLUMN country SET NOT NULL",
        {"column:instruments.country:nullable"},
    ),
    Alteration(
        "no longer required",
        INSTRUMENTS + "ALTER COLUMN name DROP NOT NULL",
        {"column:instruments.name:nullable"},
    ),
    Alteration(
        "no longer required in a hypertable",
        "ALTER TABLE macro_series ALTER COLUMN release_time DROP NOT NULL",
        {"column:macro_series.release_time:nullable"},
        since=(2, 20),
    ),
    Alteration(
        "required but not of old rows",
        INSTRUMENTS + "ADD CONSTRAINT country_is_there NOT NULL country NOT VALID",
        {"column:instruments.country:nullable"},
        postgresql=18,
    ),
    Alteration(
        "default changed",
        "ALTER TABLE flow_data ALTER COLUMN unit SET DEFAULT 'USD'",
        {"column:flow_data.unit:default"},
    ),
    Alteration(
        "default dropped",
        "ALTER TABLE macro_series ALTER COLUMN revision_number DROP DEFAULT",
        {"column:macro_series.revision_number:default"},
    ),
    Alteration(
        "default added",
        INSTRUMENTS + "ALTER COLUMN currency SET DEFAULT 'USD'",
        {"column:instruments.currency:default"},
    ),
    Alteration(
        "default NULL added",
        INSTRUMENTS + "ALTER COLUMN currency SET DEFAULT NULL",
    ),
    Alteration(
        "default of the clock instead of the transaction",
        INSTRUMENTS + "ALTER COLUMN created_at SET DEFAULT clock_timestamp()",
        {"column:instruments.created_at:default"},
    ),
    Alteration(
        "default negated",
        INSTRUMENTS + "ALTER COLUMN is_active SET DEFAULT false",
        {"column:instruments.is_active:default"},
    ),
    Alteration(
        "identity dropped",
        INSTRUMENTS + "ALTER COLUMN id DROP IDENTITY",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "identity by default",
        INSTRUMENTS + "ALTER COLUMN id SET GENERATED BY DEFAULT",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "identity by default beside compression",
        beside_compression("ALTER COLUMN id SET GENERATED BY DEFAULT"),
        {"column:curves.id:identity"},
        community=True,
    ),
    Alteration(
        "identity dropped beside compression",
        beside_compression("ALTER COLUMN id DROP IDENTITY"),
        {"column:curves.id:identity"},
        community=True,
    ),
    Alteration(
        "serial for identity beside compression",
        beside_compression("ALTER COLUMN id DROP IDENTITY")
        + ";CREATE SEQUENCE curves_id_seq OWNED BY curves.id;"
        "ALTER TABLE curves ALTER COLUMN id SET DEFAULT nextval('curves_id_seq')",
        {"column:curves.id:identity"},
        community=True,
    ),
    Alteration(
        "identity with another increment",
        "ALTER SEQUENCE market_data_id_seq INCREMENT BY 10",
        {"column:market_data.id:identity"},
    ),
    Alteration(
        "identity that cycles",
        INSTRUMENTS + "ALTER COLUMN id SET MAXVALUE 1000000000 SET CYCLE",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "identity that ends earlier than its column",
        "ALTER SEQUENCE instruments_id_seq AS smallint",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "identity that has begun below its range",
        INSTRUMENTS + "ALTER COLUMN id SET MINVALUE -100 SET START -100 RESTART;"
        "SELECT nextval('instruments_id_seq')",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "identity that would go further than its column",
        "ALTER SEQUENCE instruments_id_seq AS bigint MAXVALUE 9223372036854775807",
    ),
    Alteration(
        "identity added",
        "ALTER TABLE series_metadata ALTER COLUMN source_id ADD GENERATED BY DEFAULT AS IDENTITY",
        {"column:series_metadata.source_id:identity"},
    ),
    Alteration(
        "serial for identity",
        INSTRUMENTS + "ALTER COLUMN id DROP IDENTITY;"
        "CREATE SEQUENCE instruments_id_seq AS integer OWNED BY instruments.id;"
        + INSTRUMENTS
        + "ALTER COLUMN id SET DEFAULT nextval('instruments_id_seq')",
        {"column:instruments.id:identity"},
    ),
    Alteration(
        "another's sequence for identity",
        "CREATE SEQUENCE shared_ids;" + INSTRUMENTS + "ALTER COLUMN id DROP IDENTITY,"
        " ALTER COLUMN id SET DEFAULT nextval('shared_ids')",
        {"column:instruments.id:default"},
    ),
    Alteration(
        "generated",
        INSTRUMENTS + "DROP COLUMN exchange, ADD COLUMN exchange text"
        " GENERATED ALWAYS AS (split_part(ticker, ' ', 2)) STORED",
        {"column:instruments.exchange:generated"},
    ),
    Alteration(
        "generated beside compression",
        beside_compression(
            "DROP COLUMN source", "ADD COLUMN source text GENERATED ALWAYS AS (curve_id) STORED"
        ),
        {"column:curves.source:generated"},
        community=True,
    ),
    Alteration(
        "generated when it is read",
        INSTRUMENTS + "DROP COLUMN exchange, ADD COLUMN exchange text"
        " GENERATED ALWAYS AS (split_part(ticker, ' ', 2)) VIRTUAL",
        {"column:instruments.exchange:generated"},
        postgresql=18,
    ),
    Alteration(
        "collation",
        INSTRUMENTS + 'ALTER COLUMN ticker TYPE text COLLATE "C"',
        {"column:instruments.ticker:collation"},
    ),
    Alteration(
        "collation of an added column",
        INSTRUMENTS + 'DROP COLUMN exchange, ADD COLUMN exchange text COLLATE "POSIX"',
        {"column:instruments.exchange:collation"},
    ),
    Alteration(
        "two at once",
        INSTRUMENTS + "ALTER COLUMN country SET NOT NULL, ALTER COLUMN country SET DEFAULT 'US'",
        {"column:instruments.country:nullable", "column:instruments.country:default"},
    ),
)

EDITS = (
    ModelEdit(
        "a column more",
        "market_data.py",
        "    open: Mapped[float | None]\n",
        "    open: Mapped[float | None]\n    vwap: Mapped[float | None]\n",
        {"column:market_data.vwap:exists"},
    ),
    ModelEdit(
        "a column less",
        "data_sources.py",
        "    notes: Mapped[str | None]\n",
        "",
        {"column:data_sources.notes:exists"},
    ),
    ModelEdit(
        "another type",
        "curves.py",
        "    rate: Mapped[float]\n",
        "    rate: Mapped[int]\n",
        {"column:curves.rate:type"},
    ),
    ModelEdit(
        "another type for all timestamps",
        "base.py",
        "DateTime(timezone=True)",
        "DateTime()",
        {
            "column:data_sources.created_at:type",
            "column:instruments.created_at:type",
            "column:instruments.updated_at:type",
            "column:series_metadata.created_at:type",
            "column:series_metadata.updated_at:type",
            "column:macro_series.release_time:type",
            "column:flow_data.release_time:type",
            "column:fiscal_data.release_time:type",
            "column:market_data.timestamp:type",
        },
    ),
    ModelEdit(
        "required",
        "curves.py",
        "    tenor_label: Mapped[str | None]\n",
        "    tenor_label: Mapped[str]\n",
        {"column:curves.tenor_label:nullable"},
    ),
    ModelEdit(
        "optional",
        "fiscal_data.py",
        "    value: Mapped[float]\n",
        "    value: Mapped[float | None]\n",
        {"column:fiscal_data.value:nullable"},
    ),
    ModelEdit(
        "another default",
        "fiscal_data.py",
        'server_default="BRL_MM"',
        'server_default="BRL"',
        {"column:fiscal_data.unit:default"},
    ),
    ModelEdit(
        "no default",
        "fiscal_data.py",
        'mapped_column(server_default="BRL_MM")',
        "mapped_column()",
        {"column:fiscal_data.unit:default"},
    ),
    ModelEdit(
        "a default more",
        "data_sources.py",
        "    auth_type: Mapped[str | None]\n",
        '    auth_type: Mapped[str | None] = mapped_column(server_default="none")\n',
        {"column:data_sources.auth_type:default"},
    ),
    ModelEdit(
        "identity by default",
        "base.py",
        "mapped_column(Integer, Identity(always=True)",
        "mapped_column(Integer, Identity(always=False)",
        {
            "column:data_sources.id:identity",
            "column:instruments.id:identity",
            "column:series_metadata.id:identity",
        },
    ),
    ModelEdit(
        "serial",
        "base.py",
        "mapped_column(Integer, Identity(always=True), primary_key=True)",
        "mapped_column(Integer, primary_key=True)",
        {
            "column:data_sources.id:identity",
            "column:instruments.id:identity",
            "column:series_metadata.id:identity",
        },
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))


@pytest.mark.parametrize(
    ("domain", "base"), [("code", "text"), ('"a::b"', "varchar(9)"), ("prices", "numeric(9, 2)[]")]
)
def test_the_name_of_a_domain_with_a_condition(database, domain, base):
    database.execute(
        f"CREATE DOMAIN {domain} AS {base} CHECK (VALUE IS NOT NULL);"
        f"ALTER TABLE instruments ALTER country TYPE {domain} USING NULL"
    )
    (finding,) = database.compare().findings.values()
    assert f"type is {domain}, the models declare text" in finding.message


def _columns(*columns: Column) -> MetaData:
    metadata = MetaData()
    Table("notes", metadata, *columns)
    return metadata


@pytest.mark.parametrize("name", ["no_case", "NoCase"])
@pytest.mark.parametrize(
    "kind",
    [
        lambda name: Text(collation=name),
        lambda name: String(9, collation=name),
        lambda name: ARRAY(Text(collation=name)),
    ],
    ids=["text", "varchar", "array"],
)
def test_a_collation_of_the_database(bare_database, name, kind):
    """SQLAlchemy quotes its name or not."""
    bare_database.execute(f"""CREATE COLLATION "{name}" (provider = libc, locale = 'C')""")
    metadata = _columns(Column("said", kind(name)))
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)
    bare_database.execute("DROP TABLE notes")
    _columns(Column("said", kind("POSIX"))).create_all(bare_database.connection)
    bare_database.expect({"column:notes.said:collation"}, metadata)
    assert prove(bare_database, metadata).mended


@pytest.mark.parametrize(
    ("default", "sql"),
    [
        (None, "ALTER TABLE notes ALTER id SET DEFAULT nextval('numbers')"),
        (text("nextval('numbers')"), "ALTER SEQUENCE numbers OWNED BY notes.id"),
    ],
    ids=["another one beside its own", "one of several tables"],
)
def test_a_sequence_that_is_there_already(bare_database, default, sql):
    metadata = _columns(Column("id", Integer, primary_key=True, server_default=default))
    Sequence("numbers", metadata=metadata)
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)
    bare_database.execute(sql)
    bare_database.expect({"column:notes.id:default"}, metadata)
    outcome = prove(bare_database, metadata)
    assert outcome.mended, outcome.left
