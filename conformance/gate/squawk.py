"""What squawk, a linter of migrations, says of offline SQL, corrected where hypertables differ."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.extras import install
from conformance.gate.evidence.codes import SQUAWK
from conformance.gate.evidence.report import GateFinding
from conformance.gate.rules.hints import hint_for_scan
from conformance.gate.rules.sentences import first_words, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_SECONDS = 30

#: Rules that say nothing here: Alembic begins and ends the transactions, a repeated run finds its
#: version there instead of using IF NOT EXISTS, which hides drift, and which types columns have
#: the models decide. Dropping an index takes no longer than getting the lock, for which there is
#: `no-lock-timeout`.
NOT_ASKED = (
    "ban-uncommitted-transaction",
    "require-concurrent-index-deletion",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "transaction-nesting",
    "prefer-robust-stmts",
    "require-statement-timeout",
    "require-lock-timeout",
    "require-timeout-settings",
)

#: What the gate has measured on the running statement says more than squawk's guess at it.
SAID_BETTER = {
    "adding-field-with-default": ("rewrite",),
    "adding-foreign-key-constraint": ("lock-scan",),
    "adding-not-nullable-field": ("lock-scan", "upgrade-failed", "compression-forbids"),
    "adding-required-field": ("upgrade-failed", "compression-forbids"),
    "ban-drop-column": ("data-lost",),
    "ban-drop-table": ("data-lost",),
    "ban-truncate-cascade": ("data-changed",),
    "changing-column-type": ("rewrite", "upgrade-failed", "compression-forbids"),
    "constraint-missing-not-valid": ("lock-scan",),
    "disallowed-unique-constraint": ("lock-scan",),
    "require-concurrent-index-creation": ("lock-scan",),
    "require-concurrent-reindex": ("lock-scan",),
}
#: Rules that guess at scans and rewrites, which the gate sees where the statement runs in a
#: transaction and on rows: where it saw none, there was none.
MEASURED = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-reindex",
    }
)

#: Rules whose advice is wrong for a hypertable.
_OF_HYPERTABLES = frozenset(
    {
        "require-concurrent-index-creation",
        "constraint-missing-not-valid",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "disallowed-unique-constraint",
        "require-concurrent-reindex",
    }
)
#: TimescaleDB's own way to build an index without blocking all writers.
_CHUNK_BY_CHUNK = "transaction_per_chunk"


@dataclass(frozen=True)
class Complaint:
    """One of squawk's, and the statement that it is about."""

    rule: str
    message: str
    advice: str
    statement: str


class SquawkUnavailable(Exception):
    """squawk is not installed, or does not run here; the sentence says which."""


def complaints(script: Sequence[str], postgresql: str) -> list[Complaint]:
    """What squawk says of the statements, which run in this order.

    Args:
        postgresql: the server's version.

    Raises:
        SquawkUnavailable: it cannot be asked.
    """
    if not script:
        return []
    major = postgresql.split(".", maxsplit=1)[0]
    said = _run(
        "--reporter", "json", "--assume-in-transaction", "--pg-version", f"{major}.0",
        *(part for rule in NOT_ASKED for part in ("--exclude", rule)),
        text="\n".join(script),
    )  # fmt: skip
    starts = _first_lines(script)
    return [
        _complaint(item, script, starts) for item in said if item["rule_name"] != "syntax-error"
    ]


def judge_squawk(
    revision: str,
    said: Sequence[Complaint],
    found: Collection[str],
    hypertables: Collection[str],
    seen: Collection[str] = (),
) -> Iterator[GateFinding]:
    """Squawk's complaints as findings, one for each of its rules.

    Args:
        found: the codes that the gate's own rules gave for the revision.
        hypertables: names of tables for which squawk's advice may be wrong.
        seen: statements whose scans and rewrites the gate has seen, as `comparable` spells them.
    """
    by_rule: dict[str, list[Complaint]] = {}
    for complaint in said:
        better = any(code in found for code in SAID_BETTER.get(complaint.rule, ()))
        better = better or (complaint.rule in MEASURED and comparable(complaint.statement) in seen)
        if not better and _CHUNK_BY_CHUNK not in complaint.statement:
            by_rule.setdefault(complaint.rule, []).append(complaint)
    for rule, (first, *others) in by_rule.items():
        more = f" (and {len(others)} more)" if others else ""
        yield GateFinding(
            f"{SQUAWK}{rule}",
            revision,
            "",
            f"{first.message.rstrip('.')}: {shortened(first.statement)}{more}",
            _corrected(first, hypertables),
        )


def comparable(sql: str) -> str:
    """A statement as it is spelt both where it runs and in a script."""
    return first_words(sql).rstrip("; ")


def _corrected(complaint: Complaint, hypertables: Collection[str]) -> str:
    words = set(re.findall(r"\w+", complaint.statement))
    if complaint.rule in _OF_HYPERTABLES and words & set(hypertables):
        return hint_for_scan(complaint.statement, hypertable=True)
    return complaint.advice or f"See squawk's page of {complaint.rule}."


def _complaint(item: dict[str, Any], script: Sequence[str], starts: Sequence[int]) -> Complaint:
    number = max(i for i, start in enumerate(starts) if start <= max(item["line"], 0))
    return Complaint(item["rule_name"], item["message"], item["help"] or "", script[number].strip())


def _first_lines(script: Sequence[str]) -> list[int]:
    """The line, from 0, that each statement begins in when they are joined by line ends."""
    starts, line = [], 0
    for statement in script:
        starts.append(line)
        line += statement.count("\n") + 1
    return starts


def executable() -> str | None:
    """Where squawk is: beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if beside.is_file() else shutil.which("squawk")


def _run(*arguments: str, text: str) -> list[dict[str, Any]]:
    program = executable()
    if program is None:
        raise SquawkUnavailable(f"squawk is not installed; {install('gate')} brings it")
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just looked up
            [program, *arguments, "--stdin-filepath", "revision.sql"],
            input=text, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout or "null")
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise SquawkUnavailable(f"squawk does not run here: {type(error).__name__}") from None
    if not isinstance(found, list):
        reason = " ".join(done.stderr.split())[:200] or f"exit code {done.returncode}"
        raise SquawkUnavailable(f"squawk does not run here: {reason}")
    return found
