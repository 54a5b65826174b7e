"""The audits of several databases: a verdict for each, and the worst of them for all. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.comparing.acceptance import IN_VAIN, Policy, settle
from conformance.comparing.codes import SEVERITIES
from conformance.comparing.verdict import EXIT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.comparing.findings import Finding
    from conformance.comparing.verdict import Verdict


@dataclass(frozen=True)
class Audited:
    """One database and its verdict.

    Attributes:
        name: on one line, without a password.
    """

    name: str
    verdict: Verdict


@dataclass(frozen=True)
class Shared:
    """A finding that one or more databases have in the same words.

    Attributes:
        databases: their names, in the order of the audit.
        number: how many databases were compared.
    """

    finding: Finding
    databases: tuple[str, ...]
    number: int

    @property
    def where(self) -> str:
        """`in desk_1 and desk_7`, `in all 50 databases`."""
        if len(self.databases) == self.number > 1:
            return f"in all {self.number} databases"
        *others, last = self.databases
        return f"in {', '.join(others)} and {last}" if others else f"in {last}"


@dataclass(frozen=True)
class Audits:
    """The verdicts of one audit of several databases.

    Attributes:
        databases: in the order in which they were named.
        could_not_run: why no database was audited; None if the audit ran.
        seconds: wall time of all together.
    """

    databases: tuple[Audited, ...]
    could_not_run: str | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """The worst verdict: `could_not_run` before `differs` before `conforms`."""
        if self.could_not_run is not None:
            return "could_not_run"
        verdicts = (item.verdict.verdict for item in self.databases)
        return max(verdicts, key=EXIT_CODES.__getitem__, default="conforms")

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return EXIT_CODES[self.verdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many databases have each verdict."""
        counts = dict.fromkeys(EXIT_CODES, 0)
        for item in self.databases:
            counts[item.verdict.verdict] += 1
        return counts

    @property
    def findings(self) -> tuple[Shared, ...]:
        """The findings that count, each once, the worst first."""
        firsts: dict[tuple[str, str], Finding] = {}
        databases: dict[tuple[str, str], list[str]] = {}
        for item in self.databases:
            for finding in item.verdict.findings:
                key = finding.id, finding.message
                firsts.setdefault(key, finding)
                databases.setdefault(key, []).append(item.name)
        compared = sum(item.verdict.could_not_run is None for item in self.databases)
        shared = [Shared(firsts[key], tuple(names), compared) for key, names in databases.items()]
        return tuple(sorted(shared, key=lambda item: SEVERITIES.index(item.finding.severity)))

    def as_data(self) -> dict[str, Any]:
        """The JSON document: one verdict for each database, and the worst."""
        data: dict[str, Any] = {
            "verdict": self.verdict,
            "counts": self.counts,
            "databases": [{"name": item.name, **item.verdict.as_data()} for item in self.databases],
            "seconds": round(self.seconds, 3),
        }
        if self.could_not_run is not None:
            data["message"] = self.could_not_run
        return data


def settle_all(databases: Iterable[Audited], policy: Policy) -> tuple[Audited, ...]:
    """Each verdict with what the project says of its findings.

    An accepted finding is accepted in vain only if no database has it.
    """
    settled = [
        replace(item, verdict=settle(item.verdict, policy, whole=True)) for item in databases
    ]
    judged = [item for item in settled if item.verdict.could_not_run is None]
    in_vain = [
        {finding.id for finding in item.verdict.findings if finding.kind == IN_VAIN}
        for item in judged
    ]
    everywhere = set.intersection(*in_vain) if in_vain else set()
    return tuple(replace(item, verdict=_without(item.verdict, everywhere)) for item in settled)


def _without(verdict: Verdict, everywhere: set[str]) -> Verdict:
    findings = tuple(
        item for item in verdict.findings if item.kind != IN_VAIN or item.id in everywhere
    )
    return replace(verdict, findings=findings)
