"""Accept the findings that a revision accepts in its own file. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.gate.evidence.codes import SQUAWK, is_code
from conformance.gate.evidence.report import GateFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Codes that cannot be accepted: the acceptance itself is wrong, or the rehearsal is incomplete.
NEVER = frozenset(
    {
        "upgrade-failed",
        "revision-edited",
        "inherited-drift",
        "accepted-without-reason",
        "accepted-in-vain",
    }
)
#: Codes that cannot be accepted if they made the upgrade fail.
_CAUSES = frozenset({"compression-forbids"})

#: Codes whose acceptance covers another code: changed values may be overwritten.
_ALSO = {"data-overwritten": ("data-changed",)}


def accept(
    revision: str,
    accepted: dict[str, str],
    findings: Sequence[GateFinding],
    *,
    judged: bool = True,
    squawk_ran: bool = True,
) -> Iterator[GateFinding]:
    """Mark the accepted findings of a revision, and add findings about the acceptances.

    Args:
        accepted: reasons by code (`lock-scan`), or by code and subject (`data-lost:curves.bid`).
        judged: whether the upgrade completed, so that all rules were applied.
        squawk_ran: whether squawk's rules were applied.
    """
    used: set[str] = set()
    never = NEVER if judged else NEVER | _CAUSES
    for finding in findings:
        key = next((name for name in _names(finding) if name in accepted), None)
        if key is None or finding.code in never:
            yield finding
            continue
        used.add(key)
        reason = accepted[key].strip()
        if reason:
            yield replace(finding, accepted=reason)
        else:
            yield finding
            yield _without_reason(revision, key)
    if judged:
        unused = [key for key in accepted if key not in used]
        yield from _unused(
            revision, (key for key in unused if squawk_ran or not key.startswith(SQUAWK))
        )


def _names(finding: GateFinding) -> Iterator[str]:
    for code in (finding.code, *_ALSO.get(finding.code, ())):
        if finding.subject:
            yield f"{code}:{finding.subject}"
        yield code


def _without_reason(revision: str, key: str) -> GateFinding:
    return GateFinding(
        "accepted-without-reason",
        revision,
        key,
        f"{key} is accepted without a reason.",
        f'Give the reason: accepted = {{"{key}": "the table has few rows"}}.',
    )


def _unused(revision: str, keys: Iterable[str]) -> Iterator[GateFinding]:
    for key in keys:
        code = key if is_code(key) else key.partition(":")[0]
        known = is_code(code) and code not in NEVER
        yield GateFinding(
            "accepted-in-vain",
            revision,
            key,
            f"{key} is accepted but does not occur."
            if known
            else f"{key} is accepted, but no finding can have that name.",
            f"Remove {key} from accepted."
            if known
            else "Run conformance explain for the list of codes.",
        )
