"""Which findings a run decides: what it would have met again, if it were still there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import KINDS
from conformance.comparing.policies.codes import POLICY_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.verdict import Verdict

#: Rules about a living database: whether they hold depends on the moment.
_OF_THE_MOMENT = (
    "integer-now-far", "job-fails", "chunks-late", "sequence-behind", "sequence-exhausted",
    "sequence-near-end", "view-empty",
)  # fmt: skip
_FACTS = (*KINDS, *(code for code in POLICY_CODES if code not in _OF_THE_MOMENT))
#: Kinds whose findings depend neither on the rows that a run draws nor on the moment.
KINDS_OF = {"audit": _FACTS, "check": (*_FACTS, "migration", "check")}
#: The function of the suite that finds what is wrong with migrations.
CHECKS = {
    "downgrade_leaves_no_trace": "test_downgrade_leaves_no_trace",
    "downgrade_drops_extension": "test_downgrade_leaves_no_trace",
    "offline_sql": "test_offline_sql_gives_the_same_facts",
    "sequence_behind": "test_sequences_are_not_behind",
    "no_warning": "test_no_warning_is_raised",
    "second_run": "test_a_second_run_changes_nothing",
    "alembic_check": "test_alembic_check_is_quiet",
    "alembic_check_sees": "test_alembic_check_sees_a_dropped_index",
    "two_at_once": "test_two_migrations_at_once",
    "gives_up_on_writers": "test_a_migration_gives_up_on_writers",
}


def undecided(verdict: Verdict) -> set[str]:
    """Ids that may be findings again, once they are looked at."""
    found = {*verdict.moot, *(item.id for item in verdict.not_checked)}
    # A check that was not run, or that failed for another reason, would have found these.
    silent = {name.removeprefix("check:").partition("[")[0] for name in found}
    failed = {CHECKS.get(name.rpartition(":")[2]) for name in there(verdict) if _migration(name)}
    for attribute, check in CHECKS.items():
        if check in silent or check in failed:
            found.add(f"migration:alembic:{attribute}")
    return found


def there(verdict: Verdict) -> set[str]:
    """Ids of all findings of a run, whatever a project makes of them."""
    return {
        *(finding.id for finding in verdict.findings),
        *(finding.id for finding in verdict.old),
        *(item.finding.id for item in verdict.accepted),
    }


def gone(names: Iterable[str], verdict: Verdict, command: str) -> tuple[str, ...]:
    """Which of these ids a whole run of the command would have met, and did not; sorted."""
    kept = undecided(verdict) | there(verdict)
    kinds = KINDS_OF.get(command, ())
    return tuple(
        sorted(
            name
            for name in names
            if name not in kept and name.partition(":")[0] in kinds and _is_known(name)
        )
    )


def _is_known(name: str) -> bool:
    """Whether what is wrong with migrations has a check that decides it."""
    return not _migration(name) or name.rpartition(":")[2] in CHECKS


def _migration(name: str) -> bool:
    return name.startswith("migration:")
