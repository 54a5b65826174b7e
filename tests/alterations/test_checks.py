"""Check constraints: their expressions, and the rows that they apply to."""

from __future__ import annotations

from .cases import Alteration, ModelEdit, parametrize

ASSET_CLASS = "check:instruments.ck_instruments_asset_class"
TENOR = "check:curves.ck_curves_tenor_days"


def _asset_class(expression: str, more: str = "") -> str:
    """Another check of instruments under the same name."""
    return (
        "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_asset_class,"
        f" ADD CONSTRAINT ck_instruments_asset_class CHECK ({expression}) {more}"
    )


def _tenor(expression: str) -> str:
    """Another check of a hypertable under the same name."""
    return (
        "ALTER TABLE curves DROP CONSTRAINT ck_curves_tenor_days;"
        f"ALTER TABLE curves ADD CONSTRAINT ck_curves_tenor_days CHECK ({expression})"
    )


LISTED = "asset_class IN ('fx', 'rates', 'credit', 'equity', 'commodity', 'crypto', 'index'"

ALTERATIONS = (
    Alteration(
        "dropped",
        "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_asset_class",
        {f"{ASSET_CLASS}:exists"},
    ),
    Alteration(
        "dropped from a hypertable",
        "ALTER TABLE signals DROP CONSTRAINT ck_signals_confidence",
        {"check:signals.ck_signals_confidence:exists"},
    ),
    Alteration("a term more", _asset_class(f"{LISTED}, 'other')"), {f"{ASSET_CLASS}:expression"}),
    Alteration(
        "a term less", _asset_class("asset_class IN ('fx', 'rates')"), {f"{ASSET_CLASS}:expression"}
    ),
    Alteration(
        "a term in other letters",
        _asset_class(LISTED.replace("'fx'", "'FX'") + ")"),
        {f"{ASSET_CLASS}:expression"},
    ),
    Alteration(
        "loosened by an alternative",
        _asset_class(f"{LISTED}) OR country IS NULL"),
        {f"{ASSET_CLASS}:expression"},
    ),
    Alteration("always true", _asset_class("true"), {f"{ASSET_CLASS}:expression"}),
    Alteration(
        "of another column",
        _asset_class(LISTED.replace("asset_class", "name") + ")"),
        {f"{ASSET_CLASS}:expression"},
    ),
    Alteration("negated", _asset_class(f"NOT ({LISTED}))"), {f"{ASSET_CLASS}:expression"}),
    Alteration("another bound", _tenor("tenor_days > 0"), {f"{TENOR}:expression"}, since=(2, 20)),
    Alteration("another number", _tenor("tenor_days >= 1"), {f"{TENOR}:expression"}, since=(2, 20)),
    Alteration("not valid", _asset_class(f"{LISTED})", "NOT VALID"), {f"{ASSET_CLASS}:validated"}),
    Alteration(
        "not enforced",
        _asset_class(f"{LISTED})", "NOT ENFORCED"),
        {f"{ASSET_CLASS}:enforced", f"{ASSET_CLASS}:validated"},
        postgresql=18,
    ),
    Alteration(
        "renamed",
        "ALTER TABLE curves RENAME CONSTRAINT ck_curves_tenor_days TO ck_tenor",
        {f"{TENOR}:exists"},
    ),
    Alteration(
        "undeclared",
        "ALTER TABLE instruments ADD CHECK (ticker <> '')",
        {"check:instruments.instruments_ticker_check:exists"},
    ),
    Alteration(
        "undeclared in a hypertable",
        "ALTER TABLE market_data ADD CONSTRAINT ck_range CHECK (high >= low)",
        {"check:market_data.ck_range:exists"},
        since=(2, 20),
    ),
    Alteration(
        "undeclared with a function of one's own",
        "CREATE FUNCTION fine(t text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';"
        "ALTER TABLE instruments ADD CONSTRAINT is_fine CHECK (fine(ticker))",
        {"check:instruments.is_fine:exists"},
    ),
    Alteration(
        "with a percent sign",
        _asset_class("asset_class LIKE '%(x)s%%' AND asset_class ~ ':y'"),
        {f"{ASSET_CLASS}:expression"},
    ),
)

EDITS = (
    ModelEdit(
        "no check",
        "signals.py",
        '        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),\n',
        "",
        {"check:signals.ck_signals_confidence:exists"},
    ),
    ModelEdit(
        "another bound",
        "signals.py",
        "confidence BETWEEN 0 AND 1",
        "confidence BETWEEN 0 AND 100",
        {"check:signals.ck_signals_confidence:expression"},
    ),
    ModelEdit(
        "a term more",
        "enums.py",
        '    PUT = "put"\n',
        '    PUT = "put"\n    STRADDLE = "straddle"\n',
        {"check:vol_surfaces.ck_vol_surfaces_call_put:expression"},
    ),
    ModelEdit(
        "not valid, and validated since",
        "signals.py",
        'CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence")',
        'CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence",'
        " postgresql_not_valid=True)",
        set(),
    ),
    ModelEdit(
        "a check more",
        "curves.py",
        '        CheckConstraint("tenor_days >= 0", name="tenor_days"),\n',
        '        CheckConstraint("tenor_days >= 0", name="tenor_days"),\n'
        '        CheckConstraint("rate < 100", name="rate"),\n',
        {"check:curves.ck_curves_rate:exists"},
    ),
    ModelEdit(
        "a check that the server refuses",
        "curves.py",
        '"tenor_days >= 0"',
        '"no_such_function(tenor_days)"',
        {f"{TENOR}:expression"},
    ),
    ModelEdit(
        "another naming convention",
        "base.py",
        '    "ck": "ck_%(table_name)s_%(constraint_name)s",\n',
        '    "ck": "ck_%(table_name)s_%(constraint_name)s_%(constraint_name)s",\n',
        {
            f"check:{table}.ck_{table}_{column}_{column}:exists"
            for table, column in (
                ("instruments", "asset_class"),
                ("series_metadata", "frequency"),
                ("market_data", "frequency"),
                ("macro_series", "revision_number"),
                ("curves", "tenor_days"),
                ("curves", "curve_type"),
                ("vol_surfaces", "tenor_days"),
                ("vol_surfaces", "call_put"),
                ("signals", "confidence"),
            )
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
