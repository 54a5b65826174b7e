"""Other people's models: no naming convention, and everything that PostgreSQL offers.

The database is made by `create_all()` and TimescaleDB's functions, so nothing may be found.
"""

from __future__ import annotations

import enum

import pytest
import sqlalchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Time,
    UniqueConstraint,
    Uuid,
    cast,
    desc,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import (
    INET,
    INT4RANGE,
    JSONB,
    TSTZRANGE,
    TSVECTOR,
    ExcludeConstraint,
)

from conformance.comparing.capabilities import version_tuple
from conformance.declarations import Compression, HashPartition, Hypertable, OrderBy, Retention
from conformance.population.filling import fill_every_state


class Side(enum.Enum):
    """A native enum."""

    BUY = "buy"
    SELL = "sell it's"


class State(enum.Enum):
    """An enum that is a varchar with a check."""

    OPEN = 1
    DONE = 2


def _unnamed(metadata: MetaData) -> None:
    """Constraints without names, keys of every sort."""
    Table(
        "brokers",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("code", String(20), unique=True, nullable=False),
        Column("name", String, index=True),
        Column("lei", String(20), index=True, unique=True),
        Column("rating", Numeric(12, 4), CheckConstraint("rating > 0 AND rating < 100")),
        # The same constraint twice, of which CREATE TABLE makes one.
        Column("isin", String(12), unique=True),
        UniqueConstraint("isin", name="uq_brokers_isin"),
        Column("parent_id", ForeignKey("brokers.id", ondelete="SET NULL")),
        UniqueConstraint("name", "rating"),
        CheckConstraint("code <> '' OR name IS NOT NULL"),
    )
    # Two tables that refer to each other.
    Table(
        "chiefs",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("chief_of", ForeignKey("departments.id", use_alter=True)),
    )
    Table(
        "departments",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("chief", ForeignKey("chiefs.id")),
    )
    # Constraints whose usual names are the same, up to a number.
    Table(
        "pairs_of_brokers",
        metadata,
        Column("a", Integer, ForeignKey("brokers.id"), ForeignKey("big_serial.id")),
        Column("b", Integer),
        Column("a_b", Integer),
        UniqueConstraint("a", "b"),
        UniqueConstraint("a_b"),
        UniqueConstraint("b"),
        UniqueConstraint("b", deferrable=True),
        UniqueConstraint("b"),
    )
    # Unique and the primary key at once, of which CREATE TABLE makes the latter alone.
    Table("desks", metadata, Column("code", String(20), primary_key=True, unique=True))
    Table("big_serial", metadata, Column("id", BigInteger, primary_key=True))
    Table("small_serial", metadata, Column("id", SmallInteger, primary_key=True))
    Table(
        "broker_codes",
        metadata,
        Column("broker", String(20)),
        Column("number", Integer),
        PrimaryKeyConstraint("broker", "number"),
        ForeignKeyConstraint(["broker"], ["brokers.code"], onupdate="CASCADE", deferrable=True),
    )


def _identities(metadata: MetaData) -> None:
    """Identity columns with options."""
    for number, identity in enumerate(
        (
            Identity(),
            Identity(always=True, start=100, increment=10, cache=5),
            Identity(minvalue=5, maxvalue=1000, cycle=True),
            Identity(increment=-1),
            Identity(increment=-2, start=-7, minvalue=-1000, maxvalue=-1),
        )
    ):
        Table(f"identity_{number}", metadata, Column("id", BigInteger, identity, primary_key=True))


def _types_and_defaults(metadata: MetaData) -> None:
    """Types with parameters, enums, computed columns, defaults of every sort."""
    side = Enum(Side, name="side")
    Table(
        "types",
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
        Column("side", side, server_default=Side.BUY.name),
        Column("sides", ARRAY(side)),
        Column("state", Enum(State, native_enum=False, create_constraint=True)),
        Column("named_state", Enum(State, native_enum=False, name="st", create_constraint=True)),
        Column("flag", Boolean(create_constraint=True, name="flag_ck"), server_default="f"),
        Column("tags", ARRAY(String(10)), server_default="{}"),
        Column("matrix", ARRAY(Integer, dimensions=2), server_default=text("'{{1,2}}'")),
        Column("price", Numeric(12, 4), server_default=text("1.50")),
        Column("amount", Numeric, server_default="0"),
        Column("double_price", Numeric(12, 4), Computed("price * 2", persisted=True)),
        Column("label", String, Computed("'a%b:c ' || price::text", persisted=True)),
        Column("percent", String(10), server_default="100%"),
        Column("quoted", String, server_default="it's"),
        Column("details", JSONB, server_default=text("'{}'::jsonb")),
        Column("day", Date, server_default=func.current_date()),
        Column("at", DateTime(timezone=True), server_default=func.now()),
        Column("local", DateTime, server_default=text("timezone('utc', now())")),
        Column("time", Time),
        Column("length", Interval, server_default=text("interval '1 day'")),
        Column("raw", LargeBinary),
        Column("address", INET),
        Column("words", TSVECTOR),
        Column("collated", String(collation="C")),
    )


def _indexes(metadata: MetaData) -> None:
    """Indexes of every sort."""
    table = Table(
        "indexed",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("code", String),
        Column("name", String),
        Column("price", Integer),
        Column("details", JSONB),
        Column("during", TSTZRANGE),
        Column("rooms", INT4RANGE),
        ExcludeConstraint(("during", "&&"), name="not_twice", using="gist"),
    )
    Index("ix_expression", func.lower(table.c.code))
    Index("ix_text", text("lower(name) DESC NULLS LAST"), _table=table)
    Index("ix_sum", func.coalesce(table.c.price + 1, 0).desc(), table.c.code)
    Index("ix_cast", cast(table.c.price, String))
    Index("ix_json", table.c.details["venue"].astext)
    Index("ix_partial", table.c.code, postgresql_where=table.c.price > 0)
    Index("ix_partial_in", table.c.code, postgresql_where=table.c.name.in_(["a", "b"]))
    Index("ix_unique_partial", table.c.name, unique=True, postgresql_where=text("price IS NULL"))
    Index("ix_include", table.c.code, postgresql_include=["price", "name"])
    Index("ix_desc", desc(table.c.code), table.c.price.desc().nulls_last())
    Index("ix_nulls", table.c.code.nulls_first(), table.c.price.asc())
    Index("ix_gin", table.c.details, postgresql_using="gin")
    Index(
        "ix_gin_ops",
        table.c.details,
        postgresql_using="gin",
        postgresql_ops={"details": "jsonb_path_ops"},
    )
    Index("ix_pattern", table.c.code, postgresql_ops={"code": "varchar_pattern_ops"})
    Index("ix_hash", table.c.code, postgresql_using="hash")
    Index("ix_brin", table.c.price, postgresql_using="brin")
    Index("ix_nulls_equal", table.c.price, unique=True, postgresql_nulls_not_distinct=True)


def _names(metadata: MetaData) -> None:
    """Names that need quotes, and names that are too long."""
    mixed = Table(
        "Mixed Case",
        metadata,
        Column("Id", Integer, Identity(), primary_key=True),
        Column("select", Integer, nullable=False),
        Column('a "quote"', Integer),
        Column("per%cent", Integer),
        Column("Key", String, key="key_in_python", unique=True),
        UniqueConstraint("select", "per%cent"),
        CheckConstraint('"select" > 0 AND "per%cent" % 2 = 0'),
        CheckConstraint("\"Key\" !~ '^:[a-z]'", name="Named Check"),
    )
    Index("Mixed Index", mixed.c.select.desc())
    Index("ix_quoted_expression", func.abs(mixed.c["per%cent"]))
    long = "a_table_with_a_name_of_fifty_characters_and_no_more"
    Table(
        long,
        metadata,
        Column("a_column_with_quite_a_long_name", Integer, primary_key=True, autoincrement=False),
        Column("another_column_with_a_long_name", Integer),
        Column("mixed", ForeignKey("Mixed Case.Id")),
        UniqueConstraint("a_column_with_quite_a_long_name", "another_column_with_a_long_name"),
        CheckConstraint("another_column_with_a_long_name > 0", name="c" * 63),
    )


def _schemas(metadata: MetaData) -> None:
    """Tables in another schema, referred to from here and there."""
    Table(
        "venues",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("kind", Enum("lit", "dark", name="venue_kind", schema="reference")),
        schema="reference",
    )
    Table(
        "brokers",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("venue_id", ForeignKey("reference.venues.id")),
        schema="reference",
    )
    Table("trades", metadata, Column("venue_id", ForeignKey("reference.venues.id")))


def _hypertables(metadata: MetaData) -> None:
    """Integer time, hash partitions, quoted names, retention."""
    Table(
        "blocks",
        metadata,
        Column("height", BigInteger, primary_key=True, autoincrement=False),
        Column("hash", LargeBinary),
        Hypertable("height", chunk_interval=100_000),
        Compression(order_by="height DESC", after=500_000),
        Retention(drop_after=1_000_000),
    )
    Table(
        "Readings",
        metadata,
        Column("At", DateTime(timezone=True), nullable=False),
        Column("Sensor Id", Integer, nullable=False),
        Column("value", Numeric(12, 4)),
        UniqueConstraint("Sensor Id", "At"),
        Hypertable("At", chunk_interval="1 day", partitions=[HashPartition("Sensor Id", 4)]),
        Compression(
            segment_by=["Sensor Id"],
            order_by=[OrderBy("At", descending=True, nulls_first=False), "value"],
            after="7 days",
            schedule_interval="1 hour",
        ),
        Retention(drop_after="90 days", schedule_interval="2 days"),
        schema="reference",
    )
    Table(
        "logs",
        metadata,
        Column("at", DateTime, nullable=False),
        Column("line", String),
        Index("ix_at", "at"),
        Hypertable("at", chunk_interval="1 hour"),
        Compression(order_by="at", after="2 hours", chunk_interval="1 day"),
    )


MAKE_HYPERTABLES = """
SELECT create_hypertable('blocks', 'height', chunk_time_interval => 100000);
SELECT create_hypertable('reference."Readings"', 'At', 'Sensor Id', 4,
    chunk_time_interval => INTERVAL '1 day');
SELECT create_hypertable('logs', 'at', chunk_time_interval => INTERVAL '1 hour');
"""
COMPRESS = """
CREATE FUNCTION latest_height() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 1::bigint';
SELECT set_integer_now_func('blocks', 'latest_height');
ALTER TABLE blocks SET (timescaledb.compress, timescaledb.compress_segmentby = '',
    timescaledb.compress_orderby = 'height DESC');
ALTER TABLE reference."Readings" SET (timescaledb.compress,
    timescaledb.compress_segmentby = '"Sensor Id"',
    timescaledb.compress_orderby = '"At" DESC NULLS LAST, value');
ALTER TABLE logs SET (timescaledb.compress, timescaledb.compress_segmentby = '',
    timescaledb.compress_orderby = 'at', timescaledb.compress_chunk_time_interval = '1 day');
SELECT add_compression_policy('blocks', 500000);
SELECT add_compression_policy('reference."Readings"', INTERVAL '7 days',
    schedule_interval => INTERVAL '1 hour');
SELECT add_compression_policy('logs', INTERVAL '2 hours');
SELECT add_retention_policy('blocks', 1000000);
SELECT add_retention_policy('reference."Readings"', INTERVAL '90 days',
    schedule_interval => INTERVAL '2 days');
"""


@pytest.mark.parametrize(
    "define",
    [_unnamed, _identities, _types_and_defaults, _indexes, _names, _schemas, _hypertables],
    ids=lambda define: define.__name__.strip("_").replace("_", "-"),
)
def test_conforms(bare_database, define):
    metadata = MetaData()
    define(metadata)
    bare_database.execute("CREATE SCHEMA reference")
    metadata.create_all(bare_database.connection)
    if define is _hypertables:
        bare_database.execute(MAKE_HYPERTABLES)
        if bare_database.capabilities.community_edition:
            for statement in COMPRESS.strip().split(";\n"):
                bare_database.execute(statement)
    compared = bare_database.compare(metadata)
    assert [finding.message for finding in compared.findings.values()] == []
    assert len(compared.conforming) > 10


def test_all_together_conform(bare_database):
    metadata = MetaData()
    for define in (_unnamed, _identities, _types_and_defaults, _indexes, _names, _schemas):
        define(metadata)
    bare_database.execute("CREATE SCHEMA reference")
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)


def _members() -> MetaData:
    """A foreign key of two columns whose ON DELETE sets one of them NULL; and a serial key."""
    metadata = MetaData()
    Table(
        "teams",
        metadata,
        Column("country", Integer, primary_key=True, autoincrement=False),
        Column("Number", Integer, primary_key=True, autoincrement=False),
    )
    Table(
        "members",
        metadata,
        Column("id", BigInteger, primary_key=True),
        Column("country", Integer, nullable=False),
        Column("Team Number", Integer),
        ForeignKeyConstraint(
            ["country", "Team Number"],
            ["teams.country", "teams.Number"],
            ondelete='set null ("Team Number")',
            name="fk_team",
        ),
    )
    return metadata


@pytest.mark.skipif(
    version_tuple(sqlalchemy.__version__) < (2, 0, 40),
    reason="SQLAlchemy before 2.0.40 does not empty single columns of a foreign key",
)
@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        pytest.param("SELECT 1", set(), id="nothing"),
        pytest.param(
            "ALTER TABLE members DROP CONSTRAINT fk_team, ADD CONSTRAINT fk_team"
            ' FOREIGN KEY (country, "Team Number") REFERENCES teams ON DELETE SET NULL',
            {"foreign_key:members.fk_team:on_delete"},
            id="all columns emptied",
        ),
        pytest.param(
            "ALTER SEQUENCE members_id_seq AS integer",
            {"column:members.id:identity"},
            id="a sequence that ends earlier than its column",
        ),
        pytest.param(
            "ALTER SEQUENCE members_id_seq INCREMENT BY 2",
            {"column:members.id:identity"},
            id="a sequence with another increment",
        ),
    ],
)
def test_members(bare_database, sql, findings):
    metadata = _members()
    metadata.create_all(bare_database.connection)
    bare_database.execute(sql)
    bare_database.expect(findings, metadata)


def test_sample_rows_of_columns_with_keys_of_their_own(bare_database):
    metadata = MetaData()
    owners = Table(
        "owners",
        metadata,
        Column("user id", Integer, primary_key=True, autoincrement=False, key="user_id"),
    )
    ticks = Table(
        "ticks",
        metadata,
        Column("At", DateTime(timezone=True), key="at", nullable=False),
        Column("owner", Integer, ForeignKey(owners.c.user_id), key="owner_id", nullable=False),
        Hypertable("At", chunk_interval="1 day"),
    )
    metadata.create_all(bare_database.connection)
    bare_database.execute(
        "SELECT create_hypertable('ticks', 'At', chunk_time_interval => INTERVAL '1 day')"
    )
    fill_every_state(bare_database.connection, metadata, compress=False)
    # Eight in each of four chunks.
    assert bare_database.connection.scalar(select(func.count(ticks.c.owner_id))) == 32


def test_under_another_default_schema(bare_database):
    """`metadata.schema` stands in for a search_path of one's own."""
    metadata = MetaData(schema="reference")
    _types_and_defaults(metadata)
    _indexes(metadata)
    bare_database.execute("CREATE SCHEMA reference")
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)


def test_a_foreign_key_without_a_schema_refers_to_the_one_of_the_metadata(bare_database):
    """SQLAlchemy adds the schema of the metadata to the name of the table."""
    metadata = MetaData(schema="reference")
    Table("channels", metadata, Column("id", Integer, primary_key=True))
    Table("readings", metadata, Column("channel_id", ForeignKey("channels.id"), nullable=False))
    bare_database.execute("CREATE SCHEMA reference")
    metadata.create_all(bare_database.connection)
    bare_database.expect((), metadata)
    fill_every_state(bare_database.connection, metadata, compress=False)
    assert bare_database.value("SELECT count(*) > 0 FROM reference.readings")
    bare_database.execute(
        "CREATE TABLE channels (id integer PRIMARY KEY); TRUNCATE reference.readings;"
        "ALTER TABLE reference.readings DROP CONSTRAINT readings_channel_id_fkey,"
        " ADD CONSTRAINT readings_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channels"
    )
    key = "foreign_key:reference.readings.readings_channel_id_fkey:references"
    bare_database.expect({"table:channels:exists", key}, metadata)


def test_generated_when_it_is_read(bare_database):
    """Stored or virtual matters where the models say which."""
    if bare_database.value("SHOW server_version_num") < "180000":
        pytest.skip("PostgreSQL 18 is the first with virtual generated columns")
    declared = MetaData()
    for name, persisted in (("stored", True), ("virtual", False), ("open", None)):
        Table(name, declared, Column("a", Integer), Column("b", Integer, Computed("a", persisted)))
    declared.create_all(bare_database.connection)
    bare_database.expect((), declared)
    for name, other in (("stored", "VIRTUAL"), ("virtual", "STORED"), ("open", "STORED")):
        bare_database.execute(
            f"ALTER TABLE {name} DROP COLUMN b,"
            f" ADD COLUMN b integer GENERATED ALWAYS AS (a) {other}"
        )
    bare_database.expect(
        {"column:stored.b:generated_storage", "column:virtual.b:generated_storage"}, declared
    )
