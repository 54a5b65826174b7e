"""Name the revision and the statement where a check failed in a migration."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from conformance.checking import outcomes
from conformance.checking.collector import findings_of
from conformance.engines.connecting import causes_of

if TYPE_CHECKING:
    import pytest

    from conformance.project.migrations import Migrations


def explain(item: pytest.Item, report: pytest.TestReport, error: BaseException) -> None:
    """Put a finding on the report of a check that failed without one in a file of migrations."""
    migrations: Migrations | None = getattr(item, "funcargs", {}).get("migrations")
    if migrations is None or not {outcomes.FINDING, outcomes.COULD_NOT_RUN}.isdisjoint(
        dict(report.user_properties)
    ):
        return
    # The innermost knows its statement.
    for cause in reversed([*causes_of(error)]):
        # What a test asserts is its own finding, also where env.py lets it look.
        if isinstance(cause, AssertionError):
            continue
        if (told := migrations.failure_in_a_file(cause)) is not None:
            (finding,) = findings_of(report)
            data = asdict(finding) | {"message": f"{finding.id}: {told.problem}"}
            data["hint"] = told.hint
            # Several checks may run into it.
            data["observed"] = told.problem
            report.user_properties.append((outcomes.FINDING, json.dumps(data)))
            return
