"""One check for every fact that the models promise, and one per kind for what they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checking import outcomes
from conformance.checking.session import metadata_of
from conformance.comparing.facts import KINDS, FactKey
from conformance.expected import expected_facts

if TYPE_CHECKING:
    import pytest

    from conformance.checking.outcomes import Record
    from conformance.comparing.comparison import Comparison


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The facts of `--models`, causes before their consequences."""
    if "fact" in metafunc.fixturenames:
        keys = sorted(expected_facts(metadata_of(metafunc.config)), key=FactKey.sort_key)
        metafunc.parametrize("fact", keys, ids=[key.id for key in keys])
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", KINDS, ids=[f"undeclared:{kind}" for kind in KINDS])


def test_fact(fact: FactKey, comparison: Comparison, record: Record) -> None:
    """The database keeps what the models promise."""
    record(outcomes.FACT, fact.kind)
    key = comparison.names.get(fact, fact)
    if key in comparison.findings:
        outcomes.fail(record, comparison.findings[key])
    if key in comparison.consequences:
        outcomes.skip_consequence(record, comparison.consequences[key])
    if key in comparison.not_checked:
        outcomes.skip_not_checked(record, comparison.not_checked[key].reason)


def test_nothing_undeclared(kind: str, comparison: Comparison, record: Record) -> None:
    """The database has nothing of this kind that the models do not know."""
    undeclared = [
        finding
        for finding in comparison.findings.values()
        if finding.kind == kind and finding.disagreement == "unexpected"
    ]
    if undeclared:
        outcomes.fail(record, *undeclared)
