"""The closed vocabularies. Each is held in the database by a CHECK constraint.

Open ones (`flow_type`, `fiscal_metric`, `signal_type`) are free text: a connector may bring a new
one without a migration.
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
