"""What a broken rule gives: a finding, and the facts that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.comparing.enumerating import first_of
from conformance.comparing.facts import FactKey
from conformance.comparing.findings import Finding
from conformance.comparing.policies.codes import POLICY_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many objects a sentence names.
_NAMED = 5


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold.

    Attributes:
        key: what is broken, in the words of facts: the code, the object, its part.
        message: one sentence with both values.
        hint: where it was read, the likely cause, the way out.
        expected: the limit that a value is held against; None where there is none.
        observed: the value.
        rests_on: facts that it is told from; a finding about one of them is the cause.
        explains: facts whose disagreement it says better.
        causes: broken rules that say it better, where they are broken too.
        others: what else it speaks for.
    """

    key: FactKey
    message: str
    hint: str
    expected: Any = None
    observed: Any = None
    rests_on: tuple[FactKey, ...] = ()
    explains: tuple[FactKey, ...] = ()
    causes: tuple[FactKey, ...] = ()
    others: tuple[FactKey, ...] = ()

    @property
    def finding(self) -> Finding:
        """For the reports."""
        return Finding(
            id=self.key.id,
            kind=self.key.kind,
            object=self.key.object,
            attribute=self.key.attribute,
            disagreement="broken",
            expected=self.expected,
            observed=self.observed,
            message=self.message,
            hint=self.hint,
            severity=POLICY_CODES[self.key.kind].severity,
            others=tuple(key.id for key in self.others),
        )

    def cause(self, findings: Mapping[FactKey, Finding]) -> Finding | None:
        """The finding that makes this one moot."""
        for key in self.rests_on:
            for cause in (key, *key.causes()):
                if cause in findings:
                    return findings[cause]
        return next((findings[key] for key in self.causes if key in findings), None)


def broken_key(code: str, subject: str, attribute: str) -> FactKey:
    """`job-fails`, `readings.compression`, `last_run`."""
    return FactKey(code, subject, "", attribute)


def listed(names: list[str]) -> str:
    """The first few."""
    return first_of(names, _NAMED)


def of_runs(failed: int, total: int, error: str) -> str:
    """`3 of 4 runs failed, the last of these with "..."`."""
    said = f', the last of these with "{error.rstrip(".")}"' if error else ""
    return f"{failed} of {total} runs failed{said}"
