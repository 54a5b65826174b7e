"""The properties of rows can fail: schemas that lose, double or swallow rows, one way each."""

from __future__ import annotations

import pytest

from .broken_schemas import BROKEN_KEYS, with_trigger
from .projects import check, copied_project

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
    **BROKEN_KEYS,
    "a trigger swallows every hundredth row": (
        with_trigger(SWALLOWS),
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
