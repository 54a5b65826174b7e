"""The properties of rows can fail: schemas that lose, double or swallow rows, one way each."""

from __future__ import annotations

import re

import pytest

from .broken_schemas import BROKEN_KEYS, with_trigger
from .broken_writes import (
    CARELESS,
    UPDATES_EQUAL_ROWS_OF_LONG_CALLS,
    UPDATES_ONE_BATCH,
    WRITES_ONE_BATCH,
    with_writes,
)
from .projects import REVISION, Edit, check, copied_project

SWALLOWS = '''
    op.execute("CREATE SEQUENCE arrivals")
    op.execute("""
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('public.arrivals') % 100 = 0 THEN RETURN NULL; END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("CREATE TRIGGER swallow BEFORE INSERT ON flow_data "
               "FOR EACH ROW EXECUTE FUNCTION swallow()")
'''

REFUSES = '''
    op.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.value < 0 THEN RAISE EXCEPTION 'nothing below zero'; END IF;
            RETURN NEW;
        END $$
    """)
    op.execute("CREATE TRIGGER refuse BEFORE INSERT ON fiscal_data "
               "FOR EACH ROW EXECUTE FUNCTION refuse()")
'''

BROKEN = {
    **BROKEN_KEYS,
    "a trigger swallows every hundredth row": (
        with_trigger(SWALLOWS),
        "flow_data",
    ),
}


def test_they_are_found(tmp_path):
    """Each in a table of its own, so that one run finds all."""
    edits, tables = zip(*BROKEN.values(), strict=True)
    project = copied_project(tmp_path, *edits)
    code, verdict, _ = check(project, "-k", f"test_rows and ({' or '.join(tables)})")
    assert (code, verdict["verdict"]) == (1, "differs")
    found = {finding["id"].rsplit(":", 1)[0] for finding in verdict["findings"]}
    assert found == {f"rows:{table}" for table in tables}
    for table in {*tables} - {"flow_data"}:
        # The smallest example shows at a glance what is wrong; a trigger that counts has none.
        sizes = [len(item["observed"]) for item in verdict["findings"] if item["object"] == table]
        assert min(sizes) <= 2, table


ALTERS = """
    op.execute(\"\"\"
        CREATE FUNCTION alter_{1}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {0}; RETURN NEW;
        END $$
    \"\"\")
    op.execute("CREATE TRIGGER alter_values BEFORE INSERT OR UPDATE ON {1} "
               "FOR EACH ROW EXECUTE FUNCTION alter_{1}()")
"""
#: Statements that alter a value of the kind, their tables, and columns.
ALTERED = {
    "blanks": ("NEW.source := trim(NEW.source)", "curves", "source"),
    "NaN": ("NEW.implied_vol := coalesce(nullif(NEW.implied_vol, 'NaN'), 0)", "vol_surfaces",
            "implied_vol"),
    "empty texts": ("NEW.flow_type := coalesce(nullif(NEW.flow_type, ''), ' ')", "flow_data",
                    "flow_type"),
}  # fmt: skip


CHECKS = {
    "a check is missing": (
        Edit(
            REVISION,
            """        sa.CheckConstraint("call_put IN ('call', 'put')", """
            """name=op.f("ck_vol_surfaces_call_put")),\n""",
            "",
        ),
        "vol_surfaces",
    ),
    "a check lets more through": (
        Edit(REVISION, "confidence BETWEEN 0 AND 1", "confidence BETWEEN 0 AND 1.5"),
        "signals",
    ),
}


def test_a_short_run_finds_altered_values_and_checks_that_are_not_kept(tmp_path):
    altering = (with_trigger(ALTERS.format(*rest)) for *rest, _ in ALTERED.values())
    project = copied_project(tmp_path, *altering, *(edit for edit, _ in CHECKS.values()))
    altered = " or ".join(table for _, table, _ in ALTERED.values())
    unchecked = " or ".join(table for _, table in CHECKS.values())
    selected = f"test_precarious and ({altered}) or test_checks_refuse and ({unchecked})"
    code, verdict, _ = check(project, "-k", selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    found = {finding["id"]: finding for finding in verdict["findings"]}
    kept = {
        f"rows:{table}:precarious_values_are_kept": column for _, table, column in ALTERED.values()
    }
    refusing = {f"rows:{table}:checks_refuse" for _, table in CHECKS.values()}
    assert found.keys() == kept.keys() | refusing
    for id_, column in kept.items():
        assert f"'{column}'" in found[id_]["observed"][0]
    for id_ in refusing:
        assert len(found[id_]["observed"]) == 1
        assert "does not refuse the row" in found[id_]["hint"]


#: What keeps a row out that the models allow.
REFUSING = {
    "a type that is too narrow": (
        Edit(REVISION, 'sa.Column("rate", sa.Double', 'sa.Column("rate", sa.Numeric(20, 6)'),
        "numeric field overflow",
    ),
    "a text that is too short": (
        Edit(REVISION, 'sa.Column("notes", sa.Text', 'sa.Column("notes", sa.String(1)'),
        "value too long for type character varying(1)",
    ),
    "a check that is too strict": (
        Edit(REVISION, "confidence BETWEEN 0 AND 1", "confidence BETWEEN 0.5 AND 1"),
        "ck_signals_confidence",
    ),
    "a trigger that refuses": (
        with_trigger(REFUSES),
        "nothing below zero",
    ),
}


@pytest.mark.parametrize(("edit", "words"), REFUSING.values(), ids=REFUSING.keys())
def test_a_database_that_refuses_the_sample_rows_is_found(tmp_path, edit, words):
    """Without them nothing can be tried: all checks of rows fail for the same reason."""
    project = copied_project(tmp_path, edit)
    code, verdict, _ = check(project, "-k", "test_rows and curves")
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "rows:every table:sample_rows"
    assert words in finding["message"]
    # Long values are in the observed value alone.
    assert len(finding["hint"]) < 3_000
    assert verdict["counts"]["consequences"] > 1
    assert verdict["counts"]["tests"] == 0
    assert verdict["not_checked"] == []


def strange(condition):
    """A constraint that strategies do not understand, in the models and in the database."""
    check = f'CheckConstraint("{condition}", name="strange")'
    return (
        Edit("models/data_sources.py", '(UniqueConstraint("name"),)',
             f'(UniqueConstraint("name"), {check})'),
        Edit("models/data_sources.py", "import UniqueConstraint",
             "import CheckConstraint, UniqueConstraint"),
        Edit(REVISION, '("name", name="uq_data_sources_name"),\n',
             f'("name", name="uq_data_sources_name"),\n        sa.{check},\n'),
    )  # fmt: skip


def test_rows_that_the_models_refuse_as_well_are_not_checked(tmp_path):
    """A constraint that the strategies do not understand is not a finding."""
    project = copied_project(tmp_path, *strange("md5(name) = 'x'"))
    code, verdict, _ = check(project, "-k", "test_rows and (curves or macro_series)")
    assert (code, verdict["findings"]) == (0, [])
    unseen = {item["id"]: item["reason"] for item in verdict["not_checked"]}
    because = "check ck_data_sources_strange (md5(name) = 'x') is not understood"
    for table, way in (
        ("data_sources", ""),
        ("series_metadata", "data_sources has no rows: "),
        ("macro_series", "series_metadata has no rows: data_sources has no rows: "),
    ):
        reason = f"no sample rows can be made: {way}{because}"
        assert unseen[f"rows:{table}"].startswith(reason)
    reason = unseen["check:test_insert_new_keeps_the_first[macro_series]"]
    assert reason.startswith(f"cannot generate rows: {way}{because}")
    assert "check:test_insert_new_keeps_the_first[curves]" not in unseen


def test_rows_that_satisfy_a_check_that_is_not_understood_are_found_by_trying(tmp_path):
    project = copied_project(tmp_path, *strange("md5(notes) = 'x'"))
    code, verdict, _ = check(project, "-k", "test_rows and curves")
    assert (code, verdict["findings"]) == (0, [])
    (unseen,) = verdict["not_checked"]
    assert unseen["id"] == "rows:data_sources:ck_data_sources_strange"
    assert unseen["reason"].startswith("generated rows satisfy the check only by chance")
    assert verdict["counts"]["tests"] > 5


def fives(declared, migrated):
    """A check that strategies do not understand, of a hypertable."""
    known = 'CheckConstraint("tenor_days >= 0", name="tenor_days"),'
    before = 'sa.CheckConstraint("tenor_days >= 0", name=op.f("ck_curves_tenor_days")),'
    return (
        Edit("models/curves.py", known,
             f'{known}\n        CheckConstraint("{declared}", name="fives"),'),
        Edit(REVISION, before,
             f'{before}\n        sa.CheckConstraint("{migrated}", name=op.f("ck_curves_fives")),'),
    )  # fmt: skip


def test_the_database_is_asked_what_satisfies_a_check_that_is_not_understood(tmp_path):
    project = copied_project(tmp_path, *fives("tenor_days % 5 = 0", "tenor_days % 5 = 0"))
    code, verdict, _ = check(project, "-k", "(test_rows or test_histories) and curves")
    assert (code, verdict["findings"]) == (0, [])
    assert not [item for item in verdict["not_checked"] if "fives" in item["reason"]]
    assert not [item for item in verdict["not_checked"] if "fives" in item["id"]]
    assert verdict["counts"]["tests"] > 8


def test_such_a_check_that_allows_more_is_found_by_a_row(tmp_path):
    project = copied_project(tmp_path, *fives("tenor_days % 5 = 0", "tenor_days % 5 < 2"))
    code, verdict, _ = check(project, "-k", "test_checks_refuse and curves")
    (finding,) = verdict["findings"]
    assert (code, finding["id"]) == (1, "rows:curves:checks_refuse")
    (found,) = re.findall(r"'tenor_days': (\d+),", finding["message"])
    assert int(found) % 5 == 1


def test_a_row_that_the_database_refuses_is_shown_with_its_table(tmp_path):
    """By its name; the table of SQLAlchemy would hide the row."""
    project = copied_project(tmp_path, *fives("tenor_days % 5 < 4", "tenor_days % 5 = 0"))
    selected = ("-k", "test_every_table_accepts_its_rows", "--profile", "thorough")
    code, verdict, _ = check(project, *selected)
    (finding,) = verdict["findings"]
    assert (code, finding["id"]) == (1, "rows:every table:every_table_accepts_its_rows")
    assert "fails with [('curves', {'curve_date': " in finding["message"]
    assert "ck_curves_fives" in finding["hint"]


def test_rows_of_a_table_whose_columns_must_differ_are_checked(tmp_path):
    """Also the one of the key, with which variants of a row are made."""
    apart = 'sa.CheckConstraint("curve_id <> curve_type", name=op.f("ck_curves_apart")),'
    tenor = 'sa.CheckConstraint("tenor_days >= 0", name=op.f("ck_curves_tenor_days")),'
    project = copied_project(
        tmp_path,
        Edit("models/curves.py", 'CheckConstraint("tenor_days >= 0", name="tenor_days"),',
             'CheckConstraint("tenor_days >= 0", name="tenor_days"),\n'
             '        CheckConstraint("curve_id <> curve_type", name="apart"),'),
        Edit(REVISION, tenor, f"{tenor}\n        {apart}"),
    )  # fmt: skip
    code, verdict, _ = check(project, "-k", "(test_rows or test_histories) and curves")
    assert (code, verdict["findings"]) == (0, [])
    assert not [item for item in verdict["not_checked"] if "apart" in str(item)]
    assert verdict["counts"]["tests"] > 5


def test_a_declared_trigger_that_refuses_the_sample_rows_is_not_a_difference(tmp_path):
    """The rows are right by the columns and checks alone; only its author knows what it asks."""
    declared = (
        'Trigger("refuse", timing="before", events="insert", function="public.refuse()"),\n        '
        'Hypertable("observation_date", chunk_interval="1 year"),'
    )
    model = "models/fiscal_data.py"
    project = copied_project(
        tmp_path,
        with_trigger(REFUSES),
        Edit(model, 'Hypertable("observation_date", chunk_interval="1 year"),', declared),
        Edit(model, "import Compression, Hypertable", "import Compression, Hypertable, Trigger"),
    )
    code, verdict, _ = check(project, "-k", "test_rows and curves")
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", [])
    assert any("nothing below zero" in item["reason"] for item in verdict["not_checked"])


SHARES_IDS = '''
    op.execute("""
        CREATE FUNCTION same_each_day() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.id := hashtext(NEW.curve_id || NEW.tenor_days); RETURN NEW;
        END $$
    """)
    op.execute("CREATE TRIGGER same_each_day BEFORE INSERT ON curves "
               "FOR EACH ROW EXECUTE FUNCTION same_each_day()")
'''
#: Which property sees what is wrong, and the only one of that table.
ONE_PROPERTY = {
    "rows:vol_surfaces:foreign_keys_refuse": "has no parent row was accepted",
    "rows:curves:primary_keys_are_unique_across_chunks": "ids",
    "rows:fiscal_data:a_rejected_row_leaves_nothing_behind": "a refused call left rows",
    "rows:signals:upsert_keeps_the_last": "an equal row was updated",
}


def test_each_property_sees_what_no_other_does(tmp_path):
    """A foreign key is missing, chunks share ids, and the write path is careless."""
    project = copied_project(
        tmp_path,
        Edit(REVISION, '        instrument_reference("vol_surfaces"),\n', ""),
        with_trigger(SHARES_IDS),
    )
    selected = " or ".join(
        f"(test_{name} and {table})" for _, table, name in (key.split(":") for key in ONE_PROPERTY)
    )
    code, verdict, _ = check(project, *with_writes(project, CARELESS), "-k", selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    found = {item["id"]: item["hint"] for item in verdict["findings"]}
    assert found.keys() == ONE_PROPERTY.keys()
    for key, words in ONE_PROPERTY.items():
        assert words in found[key]


@pytest.mark.parametrize(
    ("source", "rows", "reason"),
    [
        (WRITES_ONE_BATCH, "5,001 rows", "rows are new"),
        (UPDATES_ONE_BATCH, "301 rows", "rows are lost"),
        (UPDATES_EQUAL_ROWS_OF_LONG_CALLS, " rows", " differ"),
    ],
    ids=["one batch", "one batch of updates", "equal rows"],
)
def test_a_write_path_that_is_wrong_in_long_calls(tmp_path, source, rows, reason):
    project = copied_project(tmp_path)
    selected = ("-k", "(test_a_long_call or test_upsert_keeps) and curves")
    code, verdict, _ = check(project, *with_writes(project, source), *selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "rows:curves:a_long_call_writes_every_row"
    assert rows in finding["message"]
    assert reason in finding["hint"]
