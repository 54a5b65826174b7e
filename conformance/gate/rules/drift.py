"""Judge the differences between the final database and the models. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.policies import windows
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.comparing.policies.schedules import Schedules
from conformance.gate.evidence.report import GateFinding
from conformance.gate.evidence.state import changed_facts
from conformance.gate.rules.attribution import definer_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from conformance.comparing.findings import Finding
    from conformance.gate.evidence.evidence import Evidence

#: The kinds of facts that the rules over policies judge together.
_RULED = frozenset({"policy", "job", "hypertable", "compression", "continuous_aggregate"})
_INHERITED = "The new revisions need not fix it. conformance audit reports it for each database."
_MODELS_UNKNOWN = (
    " The earlier models are not known: git does not have them, or they cannot be imported here. If"
    " your change removed the declaration from the models, add a revision."
)


def judge_drift(
    findings: Sequence[Finding],
    rehearsed: Sequence[Evidence],
    heads: Sequence[str] = (),
    promised_before: Collection[str] | None = (),
) -> Iterator[GateFinding]:
    """Find differences between the final database and the models.

    Each finding names the last revision that changed the fact, else the last revision. A
    difference is inherited if no new revision changed the fact and the models declare the same as
    before.

    Args:
        heads: the last old revisions; if there are none, nothing is inherited.
        promised_before: the identifiers of the findings for which the models declare the same as
            before the new revisions. None if the earlier models are not known; then a fact that the
            models declare is not inherited, because a forgotten statement looks the same.
    """
    changed = _changed(rehearsed)
    old = _old_windows(rehearsed)
    last = rehearsed[-1].revision.identifier
    statements = {item.revision.identifier: item.statements for item in rehearsed}
    for finding in findings:
        revision = None if (finding.id, finding.message) in old else _blamed(finding, changed)
        if heads and revision is None and _is_old(finding, promised_before):
            unknown = _MODELS_UNKNOWN if promised_before is None and not _is_rule(finding) else ""
            yield GateFinding(
                "inherited-drift",
                ", ".join(heads),
                finding.id,
                f"{finding.message}; this was so before the new revisions.",
                f"{_INHERITED}{unknown}",
                fact=finding,
            )
        else:
            # A comment that is missing is a warning here, too.
            code, subject, severity = "drift", finding.id, finding.severity
            if _is_rule(finding):
                code, _, subject = finding.id.partition(":")
                severity = ""
            yield GateFinding(
                code,
                revision or last,
                subject,
                f"{finding.message}.",
                finding.hint,
                definer_of(
                    statements.get(revision or "", ()),
                    finding.object,
                    finding.kind,
                    finding.attribute,
                ),
                severity=severity,
                fact=finding,
            )


def unchanged(findings: Sequence[Finding], rehearsed: Sequence[Evidence]) -> bool:
    """Whether a finding is about a fact that no new revision changed."""
    changed = _changed(rehearsed)
    return any(
        not _is_rule(item) and not any(name in changed for name in item.ids) for item in findings
    )


def _is_rule(finding: Finding) -> bool:
    """Whether the finding is about several facts together, with a code of its own."""
    return finding.id.partition(":")[0] in POLICY_CODES


def _old_windows(rehearsed: Sequence[Evidence]) -> set[tuple[str, str]]:
    """The rules about ages that were broken before the first revision, by the same values.

    These need the facts alone; a revision may break any other rule by what is no fact.
    """
    schedules = Schedules.of(rehearsed[0].before.facts)
    return {(broken.key.id, broken.message) for broken in windows.judge(schedules)}


def _blamed(finding: Finding, changed: Mapping[str, str]) -> str | None:
    """The last revision that changed the fact, or one of the facts that a rule may judge."""
    if not _is_rule(finding):
        # Of a finding that stands for several, one may be new.
        return next((changed[name] for name in finding.ids if name in changed), None)
    ruled = [name for key, name in changed.items() if key.partition(":")[0] in _RULED]
    return ruled[-1] if ruled else None


def _changed(rehearsed: Sequence[Evidence]) -> dict[str, str]:
    """The last revision that changed each fact, by the identifier of the fact."""
    found: dict[str, str] = {}
    for evidence in rehearsed:
        if evidence.after is not None:
            for key in changed_facts(evidence.before, evidence.after):
                # Reinserted, so that the last revision's facts come last.
                found.pop(key.id, None)
                found[key.id] = evidence.revision.identifier
    return found


def _is_old(finding: Finding, promised_before: Collection[str] | None) -> bool:
    # A rule judges what the database has, whatever the models declare.
    if _is_rule(finding):
        return True
    if promised_before is None:
        return finding.expected is None
    return finding.id in promised_before
