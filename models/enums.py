"""The closed vocabularies. A CHECK constraint in the database enforces each of them.

Open vocabularies (`flow_type`, `fiscal_metric`, `signal_type`) are free text: a connector may add a
term without a migration.
"""

from enum import StrEnum


class AssetClass(StrEnum):
    """What an instrument is, by the market it trades in."""

    FX = "fx"
    RATES = "rates"
    CREDIT = "credit"
    EQUITY = "equity"
    COMMODITY = "commodity"
    CRYPTO = "crypto"
    INDEX = "index"


class Frequency(StrEnum):
    """How often a series or an instrument gets a new observation."""

    MINUTE = "minute"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"
    IRREGULAR = "irregular"


class CurveType(StrEnum):
    """What the rates of a curve are."""

    SOVEREIGN = "sovereign"
    SWAP = "swap"
    REAL = "real"
    BREAKEVEN = "breakeven"
    CREDIT = "credit"
    BASIS = "basis"


class CallPut(StrEnum):
    """The side of an option quote."""

    CALL = "call"
    PUT = "put"
