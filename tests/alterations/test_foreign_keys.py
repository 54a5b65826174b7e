"""Foreign keys: where they point, what they do, and whether they are enforced."""

from __future__ import annotations

from .cases import Alteration, ModelEdit, parametrize

SOURCE = "fk_series_metadata_source_id_data_sources"
ID = f"foreign_key:series_metadata.{SOURCE}"


def _replaced(by: str) -> str:
    """Another foreign key of series_metadata under the same name."""
    return (
        f"ALTER TABLE series_metadata DROP CONSTRAINT {SOURCE},"
        f" ADD CONSTRAINT {SOURCE} FOREIGN KEY {by}"
    )


ALTERATIONS = (
    Alteration(
        "dropped", f"ALTER TABLE series_metadata DROP CONSTRAINT {SOURCE}", {f"{ID}:exists"}
    ),
    Alteration(
        "dropped from a hypertable",
        "ALTER TABLE market_data DROP CONSTRAINT fk_market_data_instrument_id_instruments",
        {"foreign_key:market_data.fk_market_data_instrument_id_instruments:exists"},
    ),
    Alteration(
        "on delete cascade",
        _replaced("(source_id) REFERENCES data_sources (id) ON DELETE CASCADE"),
        {f"{ID}:on_delete"},
    ),
    Alteration(
        "on delete restrict",
        _replaced("(source_id) REFERENCES data_sources (id) ON DELETE RESTRICT"),
        {f"{ID}:on_delete"},
    ),
    Alteration(
        "on delete cascade in a hypertable",
        "ALTER TABLE signals DROP CONSTRAINT fk_signals_series_id_series_metadata;"
        "ALTER TABLE signals ADD CONSTRAINT fk_signals_series_id_series_metadata"
        " FOREIGN KEY (series_id) REFERENCES series_metadata (id) ON DELETE CASCADE",
        {"foreign_key:signals.fk_signals_series_id_series_metadata:on_delete"},
        since=(2, 20),
    ),
    Alteration(
        "on update cascade",
        _replaced("(source_id) REFERENCES data_sources (id) ON UPDATE CASCADE"),
        {f"{ID}:on_update"},
    ),
    Alteration(
        "match full",
        _replaced("(source_id) REFERENCES data_sources (id) MATCH FULL"),
        {f"{ID}:match"},
    ),
    Alteration(
        "not valid",
        _replaced("(source_id) REFERENCES data_sources (id) NOT VALID"),
        {f"{ID}:validated"},
    ),
    Alteration(
        "not enforced",
        _replaced("(source_id) REFERENCES data_sources (id) NOT ENFORCED"),
        {f"{ID}:enforced", f"{ID}:validated"},
        postgresql=18,
    ),
    Alteration(
        "its triggers disabled",
        # ALTER TABLE ... DISABLE TRIGGER is refused where compression is enabled.
        "UPDATE pg_trigger SET tgenabled = 'D'"
        " WHERE tgrelid = 'market_data'::regclass AND tgconstraint <> 0",
        {"foreign_key:market_data.fk_market_data_instrument_id_instruments:enforced"},
    ),
    Alteration(
        "triggers of its target disabled",
        "ALTER TABLE data_sources DISABLE TRIGGER ALL",
        {f"{ID}:enforced"},
    ),
    Alteration(
        "triggers of several disabled",
        "ALTER TABLE series_metadata DISABLE TRIGGER ALL",
        {
            f"{ID}:enforced",
            "foreign_key:macro_series.fk_macro_series_series_id_series_metadata:enforced",
            "foreign_key:flow_data.fk_flow_data_series_id_series_metadata:enforced",
            "foreign_key:fiscal_data.fk_fiscal_data_series_id_series_metadata:enforced",
            "foreign_key:signals.fk_signals_series_id_series_metadata:enforced",
        },
    ),
    Alteration(
        "another target",
        _replaced("(source_id) REFERENCES instruments (id)"),
        {f"{ID}:references"},
    ),
    Alteration(
        "another target of that name",
        "CREATE SCHEMA attic; CREATE TABLE attic.data_sources (id integer PRIMARY KEY);"
        + _replaced("(source_id) REFERENCES attic.data_sources (id)"),
        {f"{ID}:references"},
    ),
    Alteration(
        "other columns",
        _replaced("(release_lag_days) REFERENCES data_sources (id)"),
        {f"{ID}:columns"},
    ),
    Alteration(
        "deferrable",
        f"ALTER TABLE series_metadata ALTER CONSTRAINT {SOURCE} DEFERRABLE",
        {f"{ID}:deferrable"},
    ),
    Alteration(
        "deferred",
        f"ALTER TABLE series_metadata ALTER CONSTRAINT {SOURCE} DEFERRABLE INITIALLY DEFERRED",
        {f"{ID}:deferrable"},
    ),
    Alteration(
        "renamed",
        f"ALTER TABLE series_metadata RENAME CONSTRAINT {SOURCE} TO source",
        {f"{ID}:exists"},
    ),
    Alteration(
        "undeclared",
        "ALTER TABLE instruments ADD CONSTRAINT of_country FOREIGN KEY (country)"
        " REFERENCES data_sources (name)",
        {"foreign_key:instruments.of_country:exists"},
    ),
    Alteration(
        "undeclared in a hypertable",
        "ALTER TABLE curves ADD FOREIGN KEY (source) REFERENCES data_sources (name)",
        {"foreign_key:curves.curves_source_fkey:exists"},
        since=(2, 20),
    ),
)

EDITS = (
    ModelEdit(
        "no foreign key",
        "series_metadata.py",
        'mapped_column(ForeignKey("data_sources.id"))',
        "mapped_column()",
        {f"{ID}:exists"},
    ),
    ModelEdit(
        "on delete cascade",
        "series_metadata.py",
        'ForeignKey("data_sources.id")',
        'ForeignKey("data_sources.id", ondelete="CASCADE")',
        {f"{ID}:on_delete"},
    ),
    ModelEdit(
        "deferrable",
        "series_metadata.py",
        'ForeignKey("data_sources.id")',
        'ForeignKey("data_sources.id", deferrable=True, initially="DEFERRED")',
        {f"{ID}:deferrable"},
    ),
    ModelEdit(
        "another target",
        "series_metadata.py",
        'ForeignKey("data_sources.id")',
        f'ForeignKey("instruments.id", name="{SOURCE}")',
        {f"{ID}:references"},
    ),
    ModelEdit(
        "a foreign key more",
        "series_metadata.py",
        "    country: Mapped[str | None]\n",
        '    country: Mapped[str | None] = mapped_column(ForeignKey("instruments.ticker"))\n',
        {"foreign_key:series_metadata.fk_series_metadata_country_instruments:exists"},
    ),
)


@parametrize(ALTERATIONS)
def test_alteration(database, case):
    database.alter(case)
    database.expect(case.findings)


@parametrize(EDITS)
def test_model_edit(database, edited, case):
    database.expect(case.findings, edited(case))
