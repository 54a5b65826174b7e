"""Ask all rules, and tell causes from consequences."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from conformance.comparing.policies import ability, running, windows
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.comparing.policies.schedules import Schedules

if TYPE_CHECKING:
    from conformance.comparing.facts import FactKey, Facts
    from conformance.comparing.findings import Finding
    from conformance.comparing.policies.broken import Broken
    from conformance.comparing.policies.circumstances import Circumstances

_ORDER = {code: rank for rank, code in enumerate(POLICY_CODES)}


def broken_rules(facts: Facts, circumstances: Circumstances) -> list[Broken]:
    """Every rule that does not hold, causes before their consequences.

    Args:
        facts: what the database shows.
    """
    schedules = Schedules.of(facts)
    found = chain(
        ability.judge(facts, schedules, circumstances),
        windows.judge(schedules),
        running.judge(facts, circumstances),
    )
    return sorted(found, key=lambda broken: (_ORDER[broken.key.kind], broken.key))


def add_broken_rules(
    facts: Facts,
    circumstances: Circumstances,
    findings: dict[FactKey, Finding],
    consequences: dict[FactKey, Finding],
) -> None:
    """Judge the rules, and add what they find to what the facts gave.

    A rule about a fact on which models and database disagree is a consequence of that, apart from
    those that explain it.
    """
    for broken in broken_rules(facts, circumstances):
        others = {key: found for key, found in findings.items() if key not in broken.explains}
        cause = broken.cause(others)
        if cause is not None:
            consequences[broken.key] = cause
            continue
        for key in broken.explains:
            if findings.pop(key, None) is not None:
                consequences[key] = broken.finding
        findings[broken.key] = broken.finding
