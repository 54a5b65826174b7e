"""What a project makes of findings: accepted, known from its baseline, or counted. Pure.

The stage between findings and the verdict, the same for every command: `judge` decides about one
finding, whatever found it, and `settle` about a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.comparing.codes import WARNING
from conformance.comparing.decided import KINDS_OF, gone, undecided
from conformance.comparing.enumerating import first_of
from conformance.comparing.findings import COMMANDS, Accepted, Finding
from conformance.comparing.house_rules import rule_of
from conformance.comparing.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from conformance.comparing.verdict import Verdict

#: The code of what is accepted and does not occur.
IN_VAIN = "accepted-in-vain"
_MOST_NAMES = 6
#: Kinds of findings that the suite has beside those of facts.
SUITE_KINDS = ("migration", "check", "rows", "sessions", "faults", "known_gap", IN_VAIN)


@dataclass(frozen=True)
class Acceptance:
    """A finding, or several, that somebody has accepted.

    Attributes:
        id: of the finding; `*` stands for any text.
        reason: why; never empty.
        until: the last day on which it counts; None: without end.
        commands: those that it is for; empty: all.
    """

    id: str
    reason: str
    until: date | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """What a project says about findings, for one command on one day.

    Attributes:
        severities: `error` or `warning`, by id, code or pattern; the longest one counts.
        old: ids of the findings that its baseline has.
        house_rules: whether a house rule is wanted, by name; the others are.
    """

    command: str
    today: date
    accepted: tuple[Acceptance, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    old: Collection[str] = ()
    house_rules: Mapping[str, bool] = field(default_factory=dict)

    def severity_of(self, names: Collection[str]) -> str | None:
        """What the project says of a finding of these names; None: nothing."""
        said = [
            pattern for pattern in self.severities if any(matches(pattern, name) for name in names)
        ]
        return self.severities[max(said, key=len)] if said else None

    def off(self, name: str) -> str | None:
        """Why the rule that finds this, an id or a code, is not looked at; None if it is."""
        rule = rule_of(name)
        wanted = rule is None or self.house_rules.get(rule.name, True)
        return None if wanted or rule is None else rule.off


@dataclass(frozen=True)
class Judgement:
    """What becomes of one finding.

    Attributes:
        entry: by which it is accepted; None if it is not.
        expired: by which it was; None if it never was, or still is.
        old: whether the baseline has it.
        severity: what the project says; None: nothing.
        used: every acceptance that means it.
        counting: of a finding that stands for several, the ids of those that count; empty if all
            do, or none.
    """

    entry: Acceptance | None = None
    expired: Acceptance | None = None
    old: bool = False
    severity: str | None = None
    used: tuple[Acceptance, ...] = ()
    counting: tuple[str, ...] = ()

    @property
    def excused(self) -> str | None:
        """Why it does not count; None if it does."""
        if self.entry is not None:
            return self.entry.reason
        return "The baseline has it." if self.old else None

    @property
    def addition(self) -> str:
        """What is added to its message."""
        if self.expired is None:
            return ""
        return f" (accepted until {self.expired.until}, which is over: {self.expired.reason})"


def judge(names: Collection[str], policy: Policy) -> Judgement:
    """Decide about a finding.

    Args:
        names: what a project may call it, its id first.
    """
    used = tuple(
        entry
        for entry in policy.accepted
        if policy.command in (entry.commands or COMMANDS)
        and any(matches(entry.id, name) for name in names)
    )
    valid = [entry for entry in used if entry.until is None or policy.today <= entry.until]
    severity = policy.severity_of(names)
    if valid:
        return Judgement(entry=valid[0], severity=severity, used=used)
    if used:
        return Judgement(expired=used[0], severity=severity, used=used)
    # The baseline has ids; a kind or a code alone is none.
    old = any(name in policy.old for name in names if ":" in name)
    return Judgement(old=old, severity=severity)


def judge_all(finding: Finding, policy: Policy) -> Judgement:
    """Decide about a finding and those that it stands for, each by its own id.

    It is excused if all of them are: what is accepted of one hides no other.
    """
    if not finding.others:
        return judge(finding.names, policy)
    judged = {name: judge((name, name.partition(":")[0]), policy) for name in finding.ids}
    used = tuple(dict.fromkeys(entry for each in judged.values() for entry in each.used))
    counting = tuple(name for name, each in judged.items() if each.excused is None)
    if counting:
        some = counting if len(counting) < len(judged) else ()
        return replace(judged[counting[0]], used=used, counting=some)
    accepted = [each for each in judged.values() if each.entry is not None]
    return replace([*accepted, judged[finding.id]][0], used=used)


def settle(verdict: Verdict, policy: Policy, *, whole: bool) -> Verdict:
    """The verdict with every finding in its place.

    Args:
        whole: whether the run looked at everything, so that what it did not find is not there.
    """
    if verdict.could_not_run is not None:
        return verdict
    findings: list[Finding] = []
    accepted: list[Accepted] = []
    old: list[Finding] = []
    used: set[Acceptance] = set()
    for raw in verdict.findings:
        judgement = judge_all(raw, policy)
        used.update(judgement.used)
        finding = as_judged(raw, judgement)
        if judgement.entry is not None:
            until = judgement.entry.until
            accepted.append(Accepted(finding, judgement.entry.reason, str(until or "")))
        elif judgement.old:
            old.append(finding)
        else:
            findings.append(finding)
    if whole:
        unused = (entry for entry in policy.accepted if entry not in used)
        findings += _in_vain(unused, verdict, policy)
    return replace(verdict, findings=tuple(findings), accepted=tuple(accepted), old=tuple(old))


def as_judged(finding: Finding, judgement: Judgement) -> Finding:
    """The finding with what the project says of it."""
    if judgement.counting:
        finding = _of_these(finding, judgement.counting)
    rule = rule_of(finding.id)
    return replace(
        finding,
        severity=judgement.severity or finding.severity,
        message=finding.message + judgement.addition,
        hint=f"{finding.hint} {rule.said}" if rule else finding.hint,
    )


def _of_these(finding: Finding, counting: tuple[str, ...]) -> Finding:
    """The finding that stands for these alone."""
    first, *others = counting
    kind, name, attribute = first.split(":", 2)
    excused = [other.split(":")[1] for other in finding.ids if other not in counting]
    them = f"{len(excused)} of these {'are' if len(excused) > 1 else 'is'}"
    return replace(
        finding,
        id=first,
        kind=kind,
        object=name,
        attribute=attribute,
        others=tuple(others),
        message=f"{finding.message} ({them} accepted, or in the baseline: "
        f"{first_of(excused, _MOST_NAMES)})",
    )


def mended(old: Iterable[str], verdict: Verdict, policy: Policy) -> tuple[str, ...]:
    """Which of the baseline's findings a whole run would have met again, and did not.

    Args:
        verdict: before or after `settle`.
    """
    wanted = (name for name in old if policy.off(name) is None)
    return gone(wanted, verdict, policy.command)


def _in_vain(unused: Iterable[Acceptance], verdict: Verdict, policy: Policy) -> Iterator[Finding]:
    unknown = undecided(verdict)
    kinds = KINDS_OF.get(policy.command, ())
    for entry in unused:
        kind = entry.id.partition(":")[0]
        if (
            policy.command not in (entry.commands or COMMANDS)
            or not any(matches(kind, known) for known in kinds)
            or any(matches(entry.id, name) for name in unknown)
            or policy.off(entry.id)
        ):
            continue
        names = (f"{IN_VAIN}:{entry.id}", IN_VAIN)
        judged = judge(names, policy)
        if judged.entry is not None:
            continue
        yield Finding(
            id=names[0],
            kind=IN_VAIN,
            object=entry.id,
            attribute="",
            disagreement="missing",
            expected=entry.reason,
            observed=None,
            message=f"{entry.id} is accepted, but does not occur",
            hint="Take it out of accepted in pyproject.toml, or correct the id."
            + ("" if entry.commands else _elsewhere(policy.command)),
            severity=judged.severity or WARNING,
        )


def _elsewhere(command: str) -> str:
    other = next(name for name in COMMANDS if name != command)
    return f' If only another command finds it, name that command: commands = ["{other}"].'
