"""The properties of rows can fail: schemas that lose, double or swallow rows, one way each."""

from __future__ import annotations

import pytest

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

BROKEN = {
    "no natural key": (
        Edit(
            REVISION,
            '        sa.UniqueConstraint("curve_id", "curve_date", "tenor_days", '
            'name="uq_curves_natural_key"),\n',
            "",
        ),
        "curves",
    ),
    "NULLs are distinct": (
        Edit(REVISION, "            postgresql_nulls_not_distinct=True,\n", ""),
        "signals",
    ),
    "call_put is no part of the key": (
        Edit(
            REVISION,
            '            "tenor_days",\n            "call_put",\n            name=',
            '            "tenor_days",\n            name=',
        ),
        "vol_surfaces",
    ),
    "a trigger swallows every hundredth row": (
        Edit(REVISION, "    create_hypertables()\n", f"    create_hypertables()\n{SWALLOWS}"),
        "flow_data",
    ),
}


#: Enough rows that every hundredth is met.
PROFILE = ("--profile", "thorough")


@pytest.mark.parametrize(("edit", "table"), BROKEN.values(), ids=BROKEN.keys())
def test_it_is_found(tmp_path, edit, table):
    project = copied_project(tmp_path, edit)
    code, verdict, _ = check(project, "-k", f"test_rows and {table}", *PROFILE)
    assert (code, verdict["verdict"]) == (1, "differs")
    found = {finding["id"].rsplit(":", 1)[0] for finding in verdict["findings"]}
    assert found == {f"rows:{table}"}
    if table != "flow_data":
        # The smallest example shows at a glance what is wrong; a trigger that counts has none.
        assert min(len(finding["observed"]) for finding in verdict["findings"]) <= 2
