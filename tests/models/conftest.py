"""A migrated database with a few parents in it, and a connection whose writes are taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, delete, event, insert, pool, select, text

from conformance.declarations import hypertable_of
from models import (
    CurveData,
    DataSource,
    FiscalData,
    FlowData,
    Instrument,
    MacroSeries,
    MarketData,
    SeriesMetadata,
    Signal,
    VolSurface,
)
from models.writes import Written


class Desk:
    """Ids of the parents, and one full row for every table.

    All times of these tests are near this noon, so that chunks are made once.
    """

    day = date(2024, 1, 10)
    noon = datetime(2024, 1, 10, 12, tzinfo=UTC)

    def __init__(self, connection):
        source = connection.scalar(insert(DataSource).values(name="desk").returning(DataSource.id))
        self.instruments = [
            connection.scalar(
                insert(Instrument)
                .values(ticker=ticker, name=ticker, asset_class="fx")
                .returning(Instrument.id)
            )
            for ticker in ("USDBRL", "EURUSD")
        ]
        self.series = [
            connection.scalar(
                insert(SeriesMetadata)
                .values(source_id=source, series_code=code, name=code, frequency="monthly")
                .returning(SeriesMetadata.id)
            )
            for code in ("CPI", "GDP")
        ]
        instrument, series = self.instruments[0], self.series[0]
        observation = {"observation_date": self.day, "series_id": series, "value": 1.5}
        self.rows = {
            DataSource: {
                "name": "central bank", "base_url": "https://example.org", "auth_type": "none",
                "rate_limit_per_minute": 60, "default_locale": "pt_BR", "notes": "n",
                "is_active": False, "created_at": self.noon,
            },
            Instrument: {
                "ticker": "DI1F27", "name": "DI Jan 27", "asset_class": "rates", "country": "BR",
                "currency": "BRL", "exchange": "B3", "is_active": False, "created_at": self.noon,
                "updated_at": self.noon,
            },
            SeriesMetadata: {
                "source_id": source, "series_code": "PIM", "name": "Production", "description": "d",
                "frequency": "monthly", "country": "BR", "unit": "index", "is_revisable": True,
                "release_lag_days": 33, "release_timezone": "America/Sao_Paulo",
                "is_active": False, "created_at": self.noon, "updated_at": self.noon,
            },
            MarketData: {
                "timestamp": self.noon, "instrument_id": instrument, "frequency": "daily",
                "open": 1.0, "high": 1.25, "low": 0.1, "close": 1e-300, "volume": 1e300,
                "adjusted_close": -2.5, "source": "s",
            },
            MacroSeries: observation
            | {"release_time": self.noon, "revision_number": 3, "source": "s"},
            CurveData: {
                "curve_date": self.day, "curve_id": "DI_PRE", "tenor_days": 30, "tenor_label": "1M",
                "rate": 13.65, "curve_type": "swap", "source": "s",
            },
            FlowData: observation
            | {"flow_type": "foreign equity", "unit": "BRL_MM", "release_time": self.noon},
            FiscalData: observation
            | {"fiscal_metric": "gross debt", "unit": "PCT_GDP", "release_time": self.noon},
            VolSurface: {
                "surface_date": self.day, "instrument_id": instrument, "delta": 0.25,
                "tenor_days": 30, "call_put": "put", "implied_vol": 15.2, "source": "s",
            },
            Signal: {
                "signal_date": self.day, "signal_type": "carry", "instrument_id": instrument,
                "series_id": series, "value": -1.0, "confidence": 0.5, "details": {"a": [1, None]},
            },
        }  # fmt: skip

    def point(self, **values):
        """A point of a curve."""
        return {"curve_date": self.day, "curve_id": "DI", "tenor_days": 30, "rate": 10.0} | values

    @staticmethod
    def written(inserted=0, updated=0, already_there=0):
        """The counts of a call."""
        return Written(inserted + updated + already_there, inserted, updated, already_there)

    @staticmethod
    def read(connection, model, *columns):
        """All rows of a table, as tuples of the columns."""
        chosen = [model.__table__.c[name] for name in columns]
        return sorted(map(tuple, connection.execute(select(*chosen))), key=repr)


@pytest.fixture(scope="module")
def database(conformance_engine, schema_template):
    """The engine of a migrated database, and the desk in it; chunks of the month are made."""
    with conformance_engine.database(schema_template) as url:
        engine = create_engine(url, poolclass=pool.NullPool)
        with engine.begin() as connection:
            desk = Desk(connection)
            for model, row in desk.rows.items():
                if hypertable_of(model.__table__):
                    connection.execute(insert(model).values(row))
                    connection.execute(delete(model))
        yield engine, desk


@pytest.fixture
def connection(database):
    """A connection in a transaction that is taken back."""
    engine, _ = database
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def desk(database):
    return database[1]


@pytest.fixture
def compress_where_possible(connection, conformance_engine):
    """Compress all chunks of a model's table, where the server's edition can."""

    def compress(model):
        if conformance_engine.capabilities.community_edition:
            connection.execute(
                text("SELECT compress_chunk(chunk, true) FROM show_chunks(:table) AS chunk"),
                {"table": model.__tablename__},
            )

    return compress


@pytest.fixture
def compress(compress_where_possible, conformance_engine):
    """Compress all chunks of a model's table, for tests that make no sense without it."""
    if reason := conformance_engine.capabilities.missing("community_edition"):
        pytest.skip(reason)
    return compress_where_possible


@pytest.fixture
def statements(connection):
    """The statements sent on the connection."""
    sent = []
    event.listen(connection, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    return sent
