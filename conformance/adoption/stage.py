"""Apply a project's accepted findings and its baseline to what a command found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.adoption import baseline
from conformance.comparing.acceptance import (
    SUITE_KINDS,
    Acceptance,
    Policy,
    mended,
    settle,
)
from conformance.comparing.facts import KINDS
from conformance.comparing.patterns import matches
from conformance.comparing.verdict import Baseline
from conformance.errors import ConformanceError
from conformance.gate.evidence.codes import CODES, SQUAWK
from conformance.project.acceptance_shapes import day_of
from conformance.project.configuration import ConfigurationWrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from conformance.comparing.verdict import Verdict
    from conformance.project.configuration import Configuration

#: The part of the baseline that a command reads. The gate and an upgrade read that of a check.
_PARTS = {"audit": "audit"}
_CHECK = "check"


@dataclass(frozen=True)
class Choices:
    """The options of a run that concern its baseline.

    Attributes:
        write: the file to write; None if no file is written.
        grow: whether new findings may be added to an existing file.
        whole: whether the run checks everything.
    """

    write: str | None = None
    grow: bool = False
    whole: bool = True


def policy_for(
    project: Configuration, command: str, *, old: Mapping[str, str] | None = None
) -> Policy:
    """What the project accepts of the command's findings today.

    Args:
        old: the findings of the baseline; None to read its file.

    Raises:
        ConformanceError: an id is of no kind of finding, or the baseline cannot be read.
    """
    accepted = tuple(
        Acceptance(
            item["id"], item["reason"], day_of(item.get("until")), tuple(item.get("commands", ()))
        )
        for item in project.accepted
    )
    severities = dict(project.severities or {})
    for name in (*(entry.id for entry in accepted), *severities):
        _check_kind(name)
    if old is None:
        old = _read(project.baseline).get(_PARTS.get(command, _CHECK), {})
    return Policy(command, _today(), accepted, severities, old, dict(project.house_rules or {}))


def _today() -> date:
    return datetime.now().astimezone().date()


def _check_kind(name: str) -> None:
    """Reject names that no finding can have; they would never match."""
    # A rule of squawk is written squawk:<rule>.
    kind = name.partition(":")[0]
    known = {*KINDS, *SUITE_KINDS, *CODES, SQUAWK.rstrip(":")}
    if any(matches(kind, item) for item in known):
        return
    from difflib import get_close_matches

    from conformance.upgrade.report import KINDS as UPGRADE_KINDS

    if any(matches(kind, item) for item in UPGRADE_KINDS):
        return
    near = get_close_matches(kind, {*known, *UPGRADE_KINDS}, n=1, cutoff=0.6)
    raise ConfigurationWrong(
        f"The configuration names {name!r}, and no finding begins with {kind!r}.",
        f"Did you mean {near[0]!r}?" if near else "Copy the id from a report.",
    )


def _read(file: str | None) -> dict[str, dict[str, str]]:
    return baseline.read(Path(file)) if file else {}


@dataclass(frozen=True)
class Stage:
    """The stage for the verdict of `conformance check` or `conformance audit`.

    Attributes:
        file: the baseline's file; None if there is no baseline.
        before: the findings that the file had, by command.
        adopting: whether this run adds all its findings to the file.
    """

    policy: Policy
    choices: Choices
    file: str | None = None
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    adopting: bool = False

    @classmethod
    def of(cls, project: Configuration, command: str, choices: Choices) -> Stage:
        """For a run that is about to begin.

        Raises:
            ConformanceError: the configuration or the baseline is wrong, or a part of the suite
                was to write a baseline.
        """
        if choices.grow and choices.write is None:
            raise ConformanceError(
                "--grow-baseline needs a file.",
                "Add --write-baseline FILE.",
            )
        if choices.write is not None and not choices.whole:
            raise ConformanceError(
                "A part of the suite cannot write a baseline, because it does not find everything.",
                "Run the whole suite, without -k.",
            )
        file = choices.write or project.baseline or None
        before: dict[str, dict[str, str]] = {}
        if choices.write is None or Path(choices.write).exists():
            before = _read(file)
        part = before.get(_PARTS.get(command, _CHECK))
        adopting = choices.write is not None and (part is None or choices.grow)
        return cls(policy_for(project, command, old=part or {}), choices, file, before, adopting)

    @property
    def read_from(self) -> str:
        """The file that a process of the run can read; empty if it does not exist yet."""
        return self.file if self.file is not None and self.before else ""

    def __call__(self, found: Verdict) -> Verdict:
        """Return the verdict on what was found, and write the baseline."""
        settled = settle(found, self.policy, whole=self.choices.whole)
        if self.file is None or found.could_not_run is not None:
            return settled
        if self.adopting:
            return self._adopt(found)
        return self._shrink(settled)

    def _adopt(self, found: Verdict) -> Verdict:
        """Add everything that fails to the baseline.

        Raises:
            ConformanceError: the file cannot be written.
        """
        # What is new is new to the baseline as well as to the acceptances.
        new = settle(found, self.policy, whole=False)
        failing = {name: item.message for item in new.findings if item.fails for name in item.ids}
        gone = mended(self.policy.old, found, self.policy) if self.choices.whole else ()
        there = {name: text for name, text in self._part.items() if name not in gone}
        self._write({**there, **failing})
        policy = replace(self.policy, old=frozenset({*there, *failing}))
        number = f"{len(failing)} finding{'s' * (len(failing) != 1)}"
        note = f"{number} added. Name the file in pyproject.toml: baseline = {self.file!r}."
        settled = settle(found, policy, whole=self.choices.whole)
        return self._told(settled, len(policy.old), gone, note.replace("'", '"'))

    def _shrink(self, settled: Verdict) -> Verdict:
        """Remove fixed findings from the baseline, if the run checked everything."""
        gone = mended(self.policy.old, settled, self.policy) if self.choices.whole else ()
        staying = {name: text for name, text in self._part.items() if name not in gone}
        notes = []
        try:
            if gone:
                self._write(staying)
        except ConformanceError as error:
            notes = [
                f"Fixed findings remain in the file, because it cannot be written: {error.problem}"
            ]
            staying = self._part
        if self.choices.write is not None:
            notes.append(self._refusal(settled))
        return self._told(settled, len(staying), gone, " ".join(filter(None, notes)))

    def _refusal(self, settled: Verdict) -> str:
        new = sum(item.fails for item in settled.findings)
        if not new:
            return ""
        return (
            f"{new} new finding{'s' * (new != 1)} not added: an existing baseline grows with "
            "--grow-baseline only."
        )

    def _told(self, settled: Verdict, waiting: int, gone: tuple[str, ...], note: str) -> Verdict:
        assert self.file is not None
        return replace(settled, baseline=Baseline(self.file, waiting, gone, note))

    @property
    def _name(self) -> str:
        return _PARTS.get(self.policy.command, _CHECK)

    @property
    def _part(self) -> dict[str, str]:
        return self.before.get(self._name, {})

    def _write(self, part: dict[str, str]) -> None:
        assert self.file is not None
        baseline.write(Path(self.file), {**self.before, self._name: part})
