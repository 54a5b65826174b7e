"""One check for every expected fact, and checks for what only the database has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.checking import outcomes
from conformance.checking.options import facts_at_once, options_of
from conformance.checking.session import metadata_of
from conformance.comparing.facts import KINDS, FactKey
from conformance.comparing.policies.codes import POLICY_CODES
from conformance.expected import expected_facts

if TYPE_CHECKING:
    import pytest

    from conformance.checking.outcomes import Record
    from conformance.comparing.comparison import Comparison


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise by the facts of `--models`, causes before their consequences."""
    if "facts" in metafunc.fixturenames:
        # As `conformance_scope` has it, so that the comparison knows the facts by the same names.
        schema = options_of(metafunc.config).schemas[0]
        promised = expected_facts(metadata_of(metafunc.config), default_schema=schema)
        keys = sorted(promised, key=FactKey.sort_key)
        if facts_at_once(metafunc.config):
            metafunc.parametrize("facts", [keys], ids=["every fact"])
        else:
            metafunc.parametrize("facts", [[key] for key in keys], ids=[key.id for key in keys])
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", KINDS, ids=[f"undeclared:{kind}" for kind in KINDS])


def test_fact(facts: list[FactKey], comparison: Comparison, record: Record) -> None:
    """The database has what the models declare: one fact, or all of them in one check."""
    if unknown := [fact.id for fact in facts if fact not in comparison.sides[0]]:
        raise LookupError(f"these facts were not compared: {', '.join(unknown)}")
    if len(facts) == 1:
        _decide(facts[0], comparison, record)
        return
    keys = [comparison.names.get(fact, fact) for fact in facts]
    undecided = [*comparison.findings, *comparison.consequences, *comparison.not_checked]
    outcomes.decided(
        record,
        by_kind=Counter(key.kind for key in keys if key not in set(undecided)),
        not_checked=[comparison.not_checked[key] for key in keys if key in comparison.not_checked],
        moot=[key.id for key in keys if key in comparison.consequences],
    )
    findings = [comparison.findings[key] for key in keys if key in comparison.findings]
    if findings:
        outcomes.fail(record, *findings)


def _decide(fact: FactKey, comparison: Comparison, record: Record) -> None:
    record(outcomes.FACT, fact.kind)
    key = comparison.names.get(fact, fact)
    if key in comparison.findings:
        outcomes.fail(record, comparison.findings[key])
    if key in comparison.consequences:
        outcomes.skip_consequence(record, comparison.consequences[key])
    if key in comparison.not_checked:
        outcomes.skip_not_checked(record, comparison.not_checked[key].reason)


def test_nothing_undeclared(kind: str, comparison: Comparison, record: Record) -> None:
    """The database has no object of this kind that the models do not declare."""
    outcomes.account(comparison, kind, record)
    if kind == KINDS[0]:
        outcomes.name_left(comparison, record)
        outcomes.draw(comparison, record)
    undeclared = [
        finding
        for finding in comparison.findings.values()
        if finding.kind == kind and finding.disagreement == "unexpected"
    ]
    if undeclared:
        outcomes.fail(record, *undeclared)


def test_policies_make_sense(comparison: Comparison, record: Record) -> None:
    """Policies can run, and their ages fit together. A warning does not fail."""
    found = [finding for finding in comparison.findings.values() if finding.kind in POLICY_CODES]
    for finding in found:
        if not finding.fails:
            outcomes.note(finding, record)
    if failing := [finding for finding in found if finding.fails]:
        outcomes.fail(record, *failing)
