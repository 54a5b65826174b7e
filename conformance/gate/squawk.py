"""Lint offline SQL with squawk, and correct its hints for hypertables."""

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

#: Rules that do not apply here. Alembic manages the transactions; its version table makes a second
#: run harmless, whereas IF NOT EXISTS hides drift; the models decide about column types; dropping
#: an index only waits for its lock, which `no-lock-timeout` covers.
EXCLUDED_RULES = (
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

#: The gate's codes that replace a rule of squawk: the gate observed what squawk only infers.
SUPERSEDED_BY = {
    "adding-field-with-default": ("rewrite",),
    "adding-foreign-key-constraint": ("lock-scan",),
    "adding-not-nullable-field": ("lock-scan", "upgrade-failed", "compression-forbids"),
    "adding-required-field": ("upgrade-failed", "compression-forbids"),
    "adding-serial-primary-key-field": ("lock-scan",),
    "ban-drop-column": ("data-lost",),
    "ban-drop-table": ("data-lost",),
    "ban-truncate-cascade": ("data-changed",),
    "changing-column-type": ("rewrite", "upgrade-failed", "compression-forbids"),
    "constraint-missing-not-valid": ("lock-scan",),
    "disallowed-unique-constraint": ("lock-scan",),
    "require-concurrent-index-creation": ("lock-scan",),
    "require-concurrent-reindex": ("lock-scan",),
}
#: Rules that infer scans and rewrites. The gate observes these if the statement runs in a
#: transaction and on rows: then a rule's violation without a finding of the gate is wrong.
MEASURED = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-serial-primary-key-field",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-reindex",
    }
)

#: Rules whose hint is wrong for a hypertable.
_WRONG_FOR_HYPERTABLES = frozenset(
    {
        "require-concurrent-index-creation",
        "constraint-missing-not-valid",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-serial-primary-key-field",
        "disallowed-unique-constraint",
        "require-concurrent-reindex",
    }
)
#: TimescaleDB's option to build an index without blocking all writers.
_TRANSACTION_PER_CHUNK = "transaction_per_chunk"


@dataclass(frozen=True)
class Violation:
    """A violation of one of squawk's rules, with the statement."""

    rule: str
    message: str
    hint: str
    statement: str


class SquawkUnavailable(Exception):
    """squawk is not installed or does not run; the message says which."""


def find_violations(script: Sequence[str], postgresql: str) -> list[Violation]:
    """Lint the statements, which run in this order.

    Args:
        postgresql: the server's version.

    Raises:
        SquawkUnavailable: squawk cannot run.
    """
    if not script:
        return []
    major = postgresql.split(".", maxsplit=1)[0]
    found = _run(
        "--reporter", "json", "--assume-in-transaction", "--pg-version", f"{major}.0",
        *(part for rule in EXCLUDED_RULES for part in ("--exclude", rule)),
        text="\n".join(script),
    )  # fmt: skip
    starts = _first_lines(script)
    return [
        _violation(item, script, starts) for item in found if item["rule_name"] != "syntax-error"
    ]


def judge_squawk(
    revision: str,
    violations: Sequence[Violation],
    codes: Collection[str],
    hypertables: Collection[str],
    measured: Collection[str] = (),
) -> Iterator[GateFinding]:
    """Turn squawk's violations into findings, one for each rule.

    Args:
        codes: the codes that the gate's own rules found for the revision.
        hypertables: the names of tables for which squawk's hint may be wrong.
        measured: statements whose scans and rewrites the gate observed, as `normalize` spells them.
    """
    by_rule: dict[str, list[Violation]] = {}
    for item in violations:
        superseded = any(code in codes for code in SUPERSEDED_BY.get(item.rule, ()))
        superseded |= item.rule in MEASURED and normalize(item.statement) in measured
        if not superseded and _TRANSACTION_PER_CHUNK not in item.statement:
            by_rule.setdefault(item.rule, []).append(item)
    for rule, (first, *others) in by_rule.items():
        more = f" (and {len(others)} more)" if others else ""
        yield GateFinding(
            f"{SQUAWK}{rule}",
            revision,
            "",
            f"{first.message.rstrip('.')}: {shortened(first.statement)}{more}",
            _hint(first, hypertables),
        )


def normalize(sql: str) -> str:
    """Spell a statement the same way, whether it was executed or read from a script."""
    return first_words(sql).rstrip("; ")


def _hint(violation: Violation, hypertables: Collection[str]) -> str:
    words = set(re.findall(r"\w+", violation.statement))
    if violation.rule in _WRONG_FOR_HYPERTABLES and words & set(hypertables):
        return hint_for_scan(violation.statement, hypertable=True)
    return violation.hint or f"See squawk's page about {violation.rule}."


def _violation(item: dict[str, Any], script: Sequence[str], starts: Sequence[int]) -> Violation:
    number = max(i for i, start in enumerate(starts) if start <= max(item["line"], 0))
    return Violation(item["rule_name"], item["message"], item["help"] or "", script[number].strip())


def _first_lines(script: Sequence[str]) -> list[int]:
    """The first line of each statement, from 0, once they are joined by newlines."""
    starts, line = [], 0
    for statement in script:
        starts.append(line)
        line += statement.count("\n") + 1
    return starts


def find_executable() -> str | None:
    """The path of squawk: beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if beside.is_file() else shutil.which("squawk")


def _run(*arguments: str, text: str) -> list[dict[str, Any]]:
    program = find_executable()
    if program is None:
        raise SquawkUnavailable(f"squawk is not installed; run {install('gate')}")
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just looked up
            [program, *arguments, "--stdin-filepath", "revision.sql"],
            input=text, capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout or "null")
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise SquawkUnavailable(f"squawk does not run: {type(error).__name__}") from None
    if not isinstance(found, list):
        reason = " ".join(done.stderr.split())[:200] or f"exit code {done.returncode}"
        raise SquawkUnavailable(f"squawk does not run: {reason}")
    return found
