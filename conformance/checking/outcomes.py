"""Record the outcome of a check: as data on its report, and as a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from conformance.comparing.picture import picture_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import Finding, NotChecked

    #: The `record` fixture.
    Record = Callable[[str, object], None]

#: The names of the data on the report of a check.
FACT, FINDING, NOT_CHECKED, CONSEQUENCE = "fact", "finding", "not_checked", "consequence_of"
COULD_NOT_RUN, TRIED = "could_not_run", "tried"
#: The outcome of all facts: how many hold by kind, which are not checked, how many consequences.
FACTS = "facts"
#: The number of objects of a kind, and the objects that are not judged, as JSON.
ACCOUNTED, SEEN = "accounted", "seen"
#: What a check found that the project does not count, as JSON; it is reported as skipped.
EXCUSED = "excused"
#: What the project leaves to others, as JSON.
LEFT = "left"
#: The picture of the schema, as JSON; for the collector alone.
SCHEMA = "schema"
#: A part that a passing check left out, `[id, reason]` as JSON.
PART_NOT_CHECKED = "part_not_checked"

#: Alembic's error where env.py does not set target_metadata, and the reason for "not checked".
NO_METADATA = "does not provide a MetaData object"
WITHOUT_METADATA = "env.py does not set target_metadata, which autogenerate compares with"


def add_tried(total: Counter[str], report: pytest.TestReport) -> None:
    """Add the numbers of a check, such as rows and examples, to the total."""
    if report.when == "call":
        for name, value in report.user_properties:
            if name == TRIED:
                tried: Any = value
                total.update(tried)


def decided(
    record: Record, *, by_kind: Counter[str], not_checked: list[NotChecked], moot: list[str]
) -> None:
    """Record the outcome of all facts on the report; `fail` records their findings."""
    undecided = [(item.id, item.reason) for item in not_checked]
    data = {"by_kind": by_kind, "not_checked": undecided, "moot": moot}
    record(FACTS, json.dumps(data))


def account(comparison: Comparison, kind: str, record: Record) -> None:
    """Record how many objects of the kind the database has, and which are not judged."""
    record(ACCOUNTED, json.dumps({kind: comparison.accounted.get(kind, 0)}))
    for seen in comparison.seen:
        if seen.kind == kind:
            record(SEEN, json.dumps(asdict(seen)))


def name_left(comparison: Comparison, record: Record) -> None:
    """Put on the report what the project leaves to others."""
    for item in comparison.left:
        record(LEFT, json.dumps(asdict(item)))


def draw(comparison: Comparison, record: Record) -> None:
    """Record the picture of the schema."""
    record(SCHEMA, json.dumps(picture_of(*comparison.sides)))


def note(finding: Finding, record: Record) -> None:
    """Record the finding on the report."""
    record(FINDING, json.dumps(asdict(finding)))


def fail(record: Record, *findings: Finding) -> NoReturn:
    """Fail with the findings; the failure consists of their messages and hints."""
    for finding in findings:
        note(finding, record)
    pytest.fail("\n".join(f"{f.message}\n{f.hint}" for f in findings), pytrace=False)


def skip_not_checked(record: Record, reason: str) -> NoReturn:
    """Skip a check that the server cannot decide, as not checked."""
    record(NOT_CHECKED, reason)
    pytest.skip(f"not checked: {reason}")


def part_not_checked(record: Record, part: str, reason: str) -> None:
    """Record a part of the check as not checked; the check continues."""
    record(PART_NOT_CHECKED, json.dumps([part, reason]))


def skip_consequence(record: Record, cause: Finding) -> NoReturn:
    """Skip a check that another finding decides."""
    record(CONSEQUENCE, cause.id)
    pytest.skip(f"moot: {cause.message}")


def no_way_back(error: NotImplementedError) -> str:
    """The reason for not checking a downgrade that raises NotImplementedError."""
    return f"the downgrade raises NotImplementedError: {error}".rstrip(": ")
