"""How a check says what it found: as data on its report, and as a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from conformance.comparing.findings import Finding

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import NotChecked

    #: The `record` fixture.
    Record = Callable[[str, object], None]

#: The names under which reports find the data of a check.
FACT, FINDING, NOT_CHECKED, CONSEQUENCE = "fact", "finding", "not_checked", "consequence_of"
COULD_NOT_RUN, TRIED = "could_not_run", "tried"
#: Of every fact in one go: how many hold by kind, what is not checked, how many consequences.
FACTS = "facts"
#: Of the objects of a kind: how many there are, and those that are not judged, as JSON.
ACCOUNTED, SEEN = "accounted", "seen"
#: Of a check that passes: a part of it that was left out, `[id, reason]` as JSON.
PART_NOT_CHECKED = "part_not_checked"

#: What Alembic says where env.py sets no target_metadata, and what that means here.
NO_METADATA = "does not provide a MetaData object"
WITHOUT_METADATA = "env.py sets no target_metadata, which autogenerate compares with"


def add_tried(total: Counter[str], report: pytest.TestReport) -> None:
    """Add what a check tried, such as rows and examples, to what others did."""
    if report.when == "call":
        for name, value in report.user_properties:
            if name == TRIED:
                tried: Any = value
                total.update(tried)


def decided(
    record: Record, *, by_kind: Counter[str], not_checked: list[NotChecked], consequences: int
) -> None:
    """Put on the report what became of all facts; their findings come as those of any check do."""
    undecided = [(item.id, item.reason) for item in not_checked]
    data = {"by_kind": by_kind, "not_checked": undecided, "consequences": consequences}
    record(FACTS, json.dumps(data))


def account(comparison: Comparison, kind: str, record: Record) -> None:
    """Put on the report how many objects of the kind there are, and which are not judged."""
    record(ACCOUNTED, json.dumps({kind: comparison.accounted.get(kind, 0)}))
    for seen in comparison.seen:
        if seen.kind == kind:
            record(SEEN, json.dumps(asdict(seen)))


def note(finding: Finding, record: Record) -> None:
    """Put the finding on the report."""
    record(FINDING, json.dumps(asdict(finding)))


def fail(record: Record, *findings: Finding) -> NoReturn:
    """Fail with the findings; their sentences and hints are all that a reader needs."""
    for finding in findings:
        note(finding, record)
    pytest.fail("\n".join(f"{f.message}\n{f.hint}" for f in findings), pytrace=False)


def skip_not_checked(record: Record, reason: str) -> NoReturn:
    """The server cannot decide it."""
    record(NOT_CHECKED, reason)
    pytest.skip(f"not checked: {reason}")


def part_not_checked(record: Record, part: str, reason: str) -> None:
    """A part of the check was left out; the rest of it goes on."""
    record(PART_NOT_CHECKED, json.dumps([part, reason]))


def skip_consequence(record: Record, cause: Finding) -> NoReturn:
    """Another finding decides it already."""
    record(CONSEQUENCE, cause.id)
    pytest.skip(f"moot: {cause.message}")


def no_way_back(error: NotImplementedError) -> str:
    """Why a downgrade is not checked that says by its exception that there is none."""
    return f"the downgrade raises NotImplementedError: {error}".rstrip(": ")


def migration_finding(attribute: str, message: str, hint: str, observed: object = None) -> Finding:
    """What a migration does wrong, `migration:alembic:<attribute>`."""
    return Finding(
        id=f"migration:alembic:{attribute}",
        kind="migration",
        object="alembic",
        attribute=attribute,
        disagreement="different",
        expected=None,
        observed=observed,
        message=message,
        hint=hint,
    )
