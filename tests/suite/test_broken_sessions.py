"""The checks of several sessions fail for write paths and migrations that break under them."""

from __future__ import annotations

import pytest

from .broken_writes import (
    COMMITS_IN_THE_MIDDLE,
    LOOKS_INSTEAD_OF_A_CONFLICT_CLAUSE,
    with_writes,
)
from .projects import REVISION, Edit, check, copied_project

BROKEN_WRITES = {
    "no conflict clause": LOOKS_INSTEAD_OF_A_CONFLICT_CLAUSE,
    "a commit in the middle": COMMITS_IN_THE_MIDDLE,
}

NO_ADVISORY_LOCK = Edit(
    "alembic/env.py", '    f"SELECT pg_catalog.pg_advisory_xact_lock({MIGRATION_LOCK})",\n', ""
)
NO_LOCK_TIMEOUT = Edit(
    "alembic/env.py", "SET LOCAL lock_timeout = '5s'", "SET LOCAL lock_timeout = 0"
)
#: What one upgrade leaves too is not told again by the check of two.
DRIFT = Edit(
    REVISION, '("market_data", "timestamp", "1 month")', '("market_data", "timestamp", "7 days")'
)


@pytest.mark.parametrize("source", BROKEN_WRITES.values(), ids=BROKEN_WRITES.keys())
def test_a_write_path_is_found(tmp_path, on_a_server, source):
    project = copied_project(tmp_path)
    options = with_writes(project, source)
    selected = ("-k", "test_writers_take_turns and curves")
    code, verdict, _ = check(project, *on_a_server, *options, *selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "sessions:curves:writers_take_turns"
    assert "Call(" in finding["hint"]


def test_a_migration_is_found(tmp_path, on_a_server):
    """As warnings, unless the project says otherwise: what `alembic init` writes has both."""
    project = copied_project(tmp_path, NO_ADVISORY_LOCK, NO_LOCK_TIMEOUT, DRIFT)
    with (project / "pyproject.toml").open("a") as file:
        file.write('severities = { "migration:alembic:gives_up_on_writers" = "error" }\n')
    selected = ("-k", "test_two_migrations_at_once or test_a_migration_gives_up")
    code, verdict, _ = check(project, *on_a_server, *selected)
    assert (code, verdict["verdict"]) == (1, "differs")
    assert {finding["id"]: finding["severity"] for finding in verdict["findings"]} == {
        "migration:alembic:two_at_once": "warning",
        "migration:alembic:gives_up_on_writers": "error",
    }


def test_the_project_as_it_is(tmp_path, on_a_server):
    selected = ("-k", "test_sessions and (curves or migration)")
    code, verdict, err = check(copied_project(tmp_path), *on_a_server, *selected)
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
