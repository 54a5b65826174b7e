"""The schema: ten tables as SQLAlchemy models, with what TimescaleDB adds declared in them."""

from models.base import Base
from models.curves import CurveData
from models.data_sources import DataSource
from models.fiscal_data import FiscalData
from models.flow_data import FlowData
from models.instruments import Instrument
from models.macro_series import MacroSeries
from models.market_data import MarketData
from models.series_metadata import SeriesMetadata
from models.signals import Signal
from models.vol_surfaces import VolSurface

__all__ = [
    "Base",
    "CurveData",
    "DataSource",
    "FiscalData",
    "FlowData",
    "Instrument",
    "MacroSeries",
    "MarketData",
    "SeriesMetadata",
    "Signal",
    "VolSurface",
]
