"""The checks of faults fail for write paths and migrations that are not one transaction."""

from __future__ import annotations

import pytest

from .broken_writes import COMMITS_IN_THE_MIDDLE, with_writes
from .projects import REVISION, Edit, check, copied_project

HALF_WAY = {
    "COMMIT": '    op.execute("COMMIT")\n    op.execute("BEGIN")\n',
    "an autocommit block": (
        '    with op.get_context().autocommit_block():\n        op.execute("ANALYZE instruments")\n'
    ),
}


def test_a_write_path_that_commits_in_the_middle(tmp_path):
    project = copied_project(tmp_path)
    options = (*with_writes(project, COMMITS_IN_THE_MIDDLE), "--profile", "thorough")
    code, verdict, _ = check(project, *options, "-k", "test_a_batch_is_whole and curves")
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "faults:curves:a_batch_is_whole_or_not_there"
    assert "leaves a part of its rows" in finding["message"]


@pytest.mark.parametrize("commit", HALF_WAY.values(), ids=HALF_WAY.keys())
def test_a_migration_that_commits_half_way(tmp_path, commit):
    edit = Edit(REVISION, "    create_hypertables()\n", f"    create_hypertables()\n{commit}")
    project = copied_project(tmp_path, edit)
    code, verdict, _ = check(project, "-k", "test_a_migration_is_whole")
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "faults:every table:a_migration_is_whole_or_not_there"
    assert "leaves a part of its work behind, and a second run fails: " in finding["message"]
    assert "conformance explain interrupted" in finding["message"]


#: Committed at once, and no obstacle to a second run.
GOES_ON = """
    with op.get_context().autocommit_block():
        op.execute("SET client_min_messages = error")
        op.execute("CREATE TABLE IF NOT EXISTS first (n integer)")
        op.execute("CREATE INDEX IF NOT EXISTS ix_first ON first (n)")
        op.execute("RESET client_min_messages")
    op.execute("DROP TABLE first")
"""


def test_a_migration_that_a_second_run_completes(tmp_path):
    """As the page of the gate's finding `interrupted` advises."""
    edit = Edit(REVISION, "    create_extension()\n", f"{GOES_ON}    create_extension()\n")
    project = copied_project(tmp_path, edit)
    code, verdict, _ = check(project, "-k", "test_a_migration_is_whole")
    assert (code, verdict["findings"]) == (0, [])


def test_a_server_that_crashes(tmp_path, on_a_server):
    project = copied_project(tmp_path)
    options = with_writes(project, COMMITS_IN_THE_MIDDLE)
    selected = ("-k", "test_batches_survive and terminated", "--profile", "thorough")
    code, verdict, _ = check(project, *on_a_server, *options, *selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    assert [f["id"] for f in verdict["findings"]] == ["faults:terminated:batches_survive"]
