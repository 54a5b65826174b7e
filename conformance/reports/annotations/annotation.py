"""What every format of annotations is made from."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.comparing.codes import ERROR
from conformance.comparing.facts import KINDS
from conformance.comparing.places import Place
from conformance.gate.evidence.codes import code as code_named
from conformance.gate.evidence.codes import is_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.comparing.audits import Audits
    from conformance.comparing.findings import Finding
    from conformance.comparing.verdict import Verdict
    from conformance.gate.evidence.report import GateFinding, GateReport

#: The code of a run without a verdict.
COULD_NOT_RUN = "could-not-run"
#: Some formats need a place. A finding of an unknown place stands where the tool is configured.
_SOMEWHERE = Place("pyproject.toml")


@dataclass(frozen=True)
class Rule:
    """What findings of one code have in common.

    Attributes:
        code: the code of a rule, the kind of a finding, or `check:` and a test of the suite.
        title: what is wrong, in a sentence.
        page: the page about it, as Markdown.
        address: the URL of the page; empty if it is unknown.
    """

    code: str
    title: str
    page: str = ""
    address: str = ""


@dataclass(frozen=True)
class Annotation:
    """A finding at a line.

    Attributes:
        id: of the finding, the same in every run.
        code: that of its rule.
        severity: `error`, `warning` or `note`.
        place: where it stands; None if that is unknown.
        where: what distinguishes findings of one id; empty if there is one.
    """

    id: str
    code: str
    severity: str
    message: str
    hint: str
    place: Place | None = None
    where: str = ""

    @property
    def somewhere(self) -> Place:
        """The place, for a format that needs one."""
        return self.place or _SOMEWHERE

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that stay the same while lines move."""
        return hashlib.sha256(
            f"{self.id}\n{self.where}".encode(errors="backslashreplace")
        ).hexdigest()


@dataclass(frozen=True)
class Annotations:
    """The findings of a run that count. Accepted ones and those of the baseline do not.

    Attributes:
        rules: by code; all codes of the annotations.
        could_not_run: why there is no verdict; None if there is one.
        place: the line that the reason is about; None: of no file.
        exit_code: of the command.
        version: of conformance.
    """

    annotations: tuple[Annotation, ...]
    rules: dict[str, Rule]
    could_not_run: str | None = None
    exit_code: int = 0
    version: str = ""
    place: Place | None = None

    @property
    def all(self) -> tuple[Annotation, ...]:
        """The annotations; one that says so if there is no verdict."""
        if self.could_not_run is None:
            return self.annotations
        none = Annotation(COULD_NOT_RUN, COULD_NOT_RUN, ERROR, self.could_not_run, "", self.place)
        return (*self.annotations, none)


def of_verdict(
    verdict: Verdict, place: Callable[[Finding], Place | None]
) -> tuple[Annotation, ...]:
    """The findings of a check or an audit that count."""
    return _told_apart(
        Annotation(item.id, _code(item), item.severity, f"{item.message}.", item.hint, place(item))
        for item in verdict.findings
    )


def of_audits(audits: Audits, place: Callable[[Finding], Place | None]) -> tuple[Annotation, ...]:
    """The findings of several databases, each once, and a database without a verdict each."""
    found = _told_apart(
        Annotation(
            item.finding.id,
            _code(item.finding),
            item.finding.severity,
            f"{item.finding.message} ({item.where}).",
            item.finding.hint,
            place(item.finding),
        )
        for item in audits.findings
    )
    if audits.could_not_run is not None:
        return found
    return found + tuple(
        Annotation(
            f"{COULD_NOT_RUN}:{item.name}",
            COULD_NOT_RUN,
            ERROR,
            f"{item.name}: {item.verdict.could_not_run}",
            "",
        )
        for item in audits.databases
        if item.verdict.could_not_run is not None
    )


def of_gate(
    report: GateReport, place: Callable[[GateFinding], Place | None]
) -> tuple[Annotation, ...]:
    """The findings of the gate that count."""
    return _told_apart(
        Annotation(item.id, item.code, item.severity, item.message, item.hint, place(item))
        for item in report.findings
        if item.accepted is None
    )


def _code(finding: Finding) -> str:
    """What the finding's page is about; a test stands for all tables that it is run with."""
    return finding.topic.partition("[")[0]


def _told_apart(annotations: Iterable[Annotation]) -> tuple[Annotation, ...]:
    """The annotations; those that share an id are told apart by their sentences."""
    found = tuple(annotations)
    several = Counter(item.id for item in found)
    return tuple(
        replace(item, where=item.message) if several[item.id] > 1 else item for item in found
    )


def rules_of(
    annotations: Iterable[Annotation], page: Callable[[str], str], address: Callable[[str], str]
) -> dict[str, Rule]:
    """The rules of the annotations, by code.

    Args:
        page: the page about a code, as Markdown; empty if there is none.
        address: the URL of that page; empty if it is unknown.
    """
    codes = sorted({item.code for item in annotations})
    return {code: Rule(code, _title(code), page(code), address(code)) for code in codes}


def _title(code: str) -> str:
    if code == COULD_NOT_RUN:
        return "There is no verdict."
    if is_code(code):
        return code_named(code).title
    if code not in KINDS:
        return "A check of the suite fails."
    return f"{code.replace('_', ' ').capitalize()}: the database differs from what is declared."
