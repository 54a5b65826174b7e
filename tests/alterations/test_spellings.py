"""The same in other words, of the database, the models or the session: no finding."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, DefaultClause, Enum, Integer, MetaData, Table, text

from conformance.declarations import DatabaseObject, Function, Rule, Trigger

from .cases import Alteration, ModelEdit, parametrize


def _instruments(change: str) -> str:
    return f"ALTER TABLE instruments {change}"


def _age(spelled: str) -> str:
    return (
        "SELECT remove_compression_policy('macro_series');"
        f"SELECT add_compression_policy('macro_series', INTERVAL '{spelled}')"
    )


SPELLINGS = (
    Alteration(
        "check as two comparisons",
        "ALTER TABLE signals DROP CONSTRAINT ck_signals_confidence;"
        "ALTER TABLE signals ADD CONSTRAINT ck_signals_confidence"
        " CHECK (confidence >= 0 AND confidence <= 1::float8)",
        since=(2, 20),
    ),
    Alteration(
        "list in another order",
        _instruments(
            "DROP CONSTRAINT ck_instruments_asset_class, ADD CONSTRAINT ck_instruments_asset_class"
            " CHECK (asset_class IN"
            " ('index', 'crypto', 'commodity', 'equity', 'credit', 'rates', 'fx'))"
        ),
    ),
    Alteration(
        "list with a term twice",
        _instruments(
            "DROP CONSTRAINT ck_instruments_asset_class, ADD CONSTRAINT ck_instruments_asset_class"
            " CHECK (asset_class IN"
            " ('fx', 'rates', 'credit', 'equity', 'commodity', 'crypto', 'index', 'fx'))"
        ),
    ),
    Alteration(
        "list as alternatives",
        "ALTER TABLE vol_surfaces DROP CONSTRAINT ck_vol_surfaces_call_put;"
        "ALTER TABLE vol_surfaces ADD CONSTRAINT ck_vol_surfaces_call_put"
        " CHECK (call_put = 'put' OR 'call' = call_put)",
        since=(2, 20),
    ),
    Alteration(
        "comparisons in another order",
        "ALTER TABLE signals DROP CONSTRAINT ck_signals_confidence;"
        "ALTER TABLE signals ADD CONSTRAINT ck_signals_confidence"
        " CHECK (1 >= confidence AND confidence >= 0)",
        since=(2, 20),
    ),
    Alteration(
        "list with casts",
        _instruments(
            "DROP CONSTRAINT ck_instruments_asset_class, ADD CONSTRAINT ck_instruments_asset_class"
            " CHECK (asset_class::text = ANY (ARRAY['fx'::text, 'rates', 'credit', 'equity',"
            " 'commodity', 'crypto', 'index']))"
        ),
    ),
    Alteration(
        "list of varchars",
        _instruments(
            "DROP CONSTRAINT ck_instruments_asset_class, ADD CONSTRAINT ck_instruments_asset_class"
            " CHECK (asset_class = ANY ((ARRAY['fx'::varchar, 'rates'::varchar, 'credit'::varchar,"
            " 'equity'::varchar, 'commodity'::varchar, 'crypto'::varchar, 'index'::varchar])"
            "::text[]))"
        ),
    ),
    Alteration(
        "brackets",
        "ALTER TABLE curves DROP CONSTRAINT ck_curves_tenor_days;"
        "ALTER TABLE curves ADD CONSTRAINT ck_curves_tenor_days CHECK (((tenor_days) >= (0)))",
        since=(2, 20),
    ),
    Alteration("all digits of a second", _instruments("ALTER created_at TYPE timestamptz(6)")),
    Alteration(
        "CURRENT_TIMESTAMP for now()",
        _instruments("ALTER COLUMN created_at SET DEFAULT CURRENT_TIMESTAMP"),
    ),
    Alteration(
        "transaction_timestamp() for now()",
        _instruments("ALTER COLUMN created_at SET DEFAULT transaction_timestamp()"),
    ),
    Alteration(
        "text for a number",
        "ALTER TABLE macro_series ALTER COLUMN revision_number SET DEFAULT '0'",
    ),
    Alteration(
        "a cast number",
        "ALTER TABLE macro_series ALTER COLUMN revision_number SET DEFAULT (0)::smallint",
    ),
    Alteration(
        "a cast text",
        "ALTER TABLE flow_data ALTER COLUMN unit SET DEFAULT 'USD_MM'::varchar",
    ),
    Alteration(
        "words for truth values",
        _instruments("ALTER COLUMN is_active SET DEFAULT 't'::boolean"),
    ),
    Alteration(
        "chunk interval in hours",
        "SELECT set_chunk_time_interval('market_data', INTERVAL '720 hours')",
    ),
    Alteration(
        "chunk interval in days",
        "SELECT set_chunk_time_interval('signals', INTERVAL '360 days')",
    ),
    Alteration("age in hours", _age("2160:00:00"), community=True),
    Alteration("age in months", _age("3 months"), community=True),
    Alteration("age in weeks and days", _age("12 weeks 6 days"), community=True),
    Alteration(
        "age in the words of another style",
        "SET LOCAL IntervalStyle = iso_8601;" + _age("P90D"),
        community=True,
    ),
)

SETTINGS = (
    "IntervalStyle = iso_8601",
    "IntervalStyle = sql_standard",
    "IntervalStyle = postgres_verbose",
    "DateStyle = 'German, DMY'",
    "TimeZone = 'Asia/Kathmandu'",
    "lc_numeric = 'C'",
    "extra_float_digits = -5",
    "bytea_output = escape",
    "quote_all_identifiers = on",
    "standard_conforming_strings = on",
    "search_path = ''",
    "search_path = pg_catalog",
    "search_path = timescaledb_information, public",
    "default_transaction_read_only = on",
    "row_security = off",
    "enable_seqscan = off",
    "constraint_exclusion = on",
    "max_parallel_workers_per_gather = 0",
    "jit = on",
    "plan_cache_mode = force_generic_plan",
    "from_collapse_limit = 1",
    "transform_null_equals = on",
    "xmloption = document",
)

EDITS = (
    ModelEdit(
        "a column of PostgreSQL's own",
        "instruments.py",
        "    exchange: Mapped[str | None]\n",
        "    exchange: Mapped[str | None]\n"
        '    version: Mapped[str] = mapped_column("xmin", Text, FetchedValue(), system=True)\n',
        imports="from sqlalchemy import FetchedValue, Text",
    ),
    ModelEdit("interval in days", "market_data.py", '"1 month"', '"30 days"'),
    ModelEdit("interval in hours", "market_data.py", '"1 month"', '"720:00:00"'),
    ModelEdit("age in months", "curves.py", '"90 days"', '"3 months"', community=True),
    ModelEdit(
        "another spelling of a check",
        "signals.py",
        "confidence BETWEEN 0 AND 1",
        "confidence >= 0 AND confidence <= 1",
    ),
    ModelEdit(
        "a check with the names of its table and schema",
        "signals.py",
        "confidence BETWEEN 0 AND 1",
        "signals.confidence >= 0 AND public.signals.confidence <= 1",
    ),
    ModelEdit(
        "another name of a type",
        "base.py",
        "float: Double,",
        "float: Float(53),",
        imports="from sqlalchemy import Float",
    ),
    ModelEdit(
        "CURRENT_TIMESTAMP",
        "base.py",
        "CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]",
        "CreatedAt = Annotated[datetime, mapped_column(server_default=func.current_timestamp())]",
    ),
    ModelEdit(
        "a number as text", "macro_series.py", 'server_default=text("0")', 'server_default="0"'
    ),
    ModelEdit(
        "an order by in full",
        "curves.py",
        "curve_date DESC, tenor_days, id",
        "curve_date DESC NULLS FIRST, tenor_days ASC, id ASC NULLS LAST",
        community=True,
    ),
)


@parametrize(SPELLINGS)
def test_spelling(database, case):
    database.alter(case)
    database.expect(())


@parametrize(EDITS)
def test_spelling_in_the_models(database, edited, case):
    database.require(case)
    database.expect((), edited(case))


@pytest.mark.parametrize(
    ("zone", "findings"), [("utc", ()), ("CET", {"column:instruments.created_at:default"})]
)
def test_time_zone_as_a_call_and_in_words(database, zone, findings):
    database.execute(
        "ALTER TABLE instruments ALTER created_at"
        f" SET DEFAULT (now() AT TIME ZONE '{zone}') AT TIME ZONE 'UTC'"
    )
    metadata = database.requiring()
    called = text("TIMEZONE('UTC', TIMEZONE('utc', CURRENT_TIMESTAMP))")
    metadata.tables["instruments"].c.created_at.server_default = DefaultClause(called)
    database.expect(findings, metadata)


@pytest.mark.parametrize("setting", SETTINGS)
def test_setting_of_the_session(database, setting):
    database.execute(f"SET LOCAL {setting}")
    database.expect(())


ELSEWHERE = """
CREATE SCHEMA ops;
CREATE TABLE ops.orders (id int NOT NULL, "desc" int);
CREATE FUNCTION ops.touch(VARIADIC text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION ops.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON ops.orders FOR EACH ROW WHEN (NEW.id > 0)
    EXECUTE FUNCTION ops.touch('a');
CREATE RULE keep AS ON DELETE TO ops.orders DO INSTEAD NOTHING;
CREATE STATISTICS ops.both ON id, "desc" FROM ops.orders;
"""


def _elsewhere() -> MetaData:
    """What the server prints with the names of a schema that is not the models' own."""
    metadata = MetaData()
    Table(
        "orders",
        metadata,
        Column("id", Integer, nullable=False),
        Column("desc", Integer),
        Trigger(
            "touch",
            timing="before",
            events="update",
            function="ops.touch('a')",
            condition="NEW.id > 0",
        ),
        Rule("keep", definition="CREATE RULE keep AS ON DELETE TO ops.orders DO INSTEAD NOTHING"),
        schema="ops",
    )
    Function("touch(text[])", schema="ops", body="SELECT 1").require(metadata)
    both = 'ON id, "desc" FROM ops.orders'
    DatabaseObject("statistics", "both", both, schema="ops").require(metadata)
    return metadata


@pytest.mark.parametrize("setting", [*SETTINGS, "search_path = ops", "search_path = pg_temp, ops"])
def test_names_of_another_schema(bare_database, setting):
    bare_database.execute(f"{ELSEWHERE} SET LOCAL {setting}")
    bare_database.expect((), _elsewhere())


DEFAULTS = """
CREATE SCHEMA ops; CREATE TYPE ops.side AS ENUM ('buy', 'sell');
CREATE TABLE orders (id int DEFAULT 7, side ops.side DEFAULT 'buy');
CREATE ROLE reader_of_a_test; SET LOCAL ROLE reader_of_a_test
"""


def _defaults(number: str) -> MetaData:
    metadata = MetaData()
    side = Enum("buy", "sell", name="side", schema="ops")
    Table(
        "orders",
        metadata,
        Column("id", Integer, server_default=number),
        Column("side", side, server_default="buy"),
    )
    return metadata


def test_what_postgresql_does_not_explain_to_the_role_is_not_checked(bare_database):
    bare_database.execute(DEFAULTS)
    for number, findings in (("7", set()), ("8", {"column:orders.id:default"})):
        metadata = _defaults(number)
        bare_database.expect(findings, metadata)
        reasons = {
            item.id: item.reason for item in bare_database.compare(metadata).not_checked.values()
        }
        assert reasons["column:orders.side:default"] == (
            "permission denied for schema ops, so only the texts are compared, and they differ."
            " Grant the role that, or audit as another role"
        )


def test_temporary_relations_hide_no_names(bare_database):
    bare_database.execute(
        ELSEWHERE + "CREATE TEMP TABLE orders (id int); SET LOCAL search_path = ops"
    )
    bare_database.expect((), _elsewhere())
    bare_database.execute("ALTER TABLE ops.orders DISABLE TRIGGER touch; CREATE SCHEMA attic;"
                          "ALTER STATISTICS ops.both SET SCHEMA attic")  # fmt: skip
    bare_database.expect(
        {"trigger:ops.orders.touch:enabled", "statistics:ops.both:exists"}, _elsewhere()
    )
