"""`fix` makes random hypertables out of nothing, and `inspect` prints what it made."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import note

from conformance.comparing.capabilities import version_tuple
from conformance.inspecting.module import metadata_in
from conformance.inspecting.reading import module_of
from conformance.mending.plan import plan_for
from conformance.mending.revision import upgrade_body
from conformance.pipeline import check_database, scope_of

from .mending import prove, run_body
from .random_hypertables import hypertables
from .test_random_models import each

pytestmark = pytest.mark.usefixtures("community_edition")
EXAMPLES = {"quick": 3, "thorough": 40, "nightly": 1000}
VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"


@pytest.fixture
def drawn(bare_database):
    """What this TimescaleDB can have."""
    return hypertables(version_tuple(bare_database.value(VERSION)))


def test_a_plan_makes_them_and_removes_them(request, bare_database, drawn):
    def mended(metadata):
        bare_database.connection.info.clear()
        outcome = prove(bare_database, metadata)
        note(upgrade_body(outcome.plan))
        assert (outcome.left, outcome.changed, outcome.plan.unmended) == ([], [], ())

    each(request, drawn, mended, EXAMPLES)


@pytest.mark.skipif(
    importlib.util.find_spec("sqlacodegen") is None, reason="needs the extra inspect"
)
def test_a_printed_module_says_them(request, bare_database, drawn):
    def printed(metadata):
        connection = bare_database.connection
        connection.info.clear()
        with connection.begin_nested() as savepoint:
            body = upgrade_body(plan_for(bare_database.compare(metadata)))
            note(body)
            assert not run_body(connection, body)
            source, scope = module_of(connection, scope_of(metadata))
            note(source)
            found = findings(bare_database, metadata_in(source), scope)
            assert [finding.message for finding in found] == []
            assert module_of(connection, scope)[0] == source
            savepoint.rollback()

    each(request, drawn, printed, EXAMPLES)


def findings(database, metadata, scope):
    connection, capabilities = database.connection, database.capabilities
    return check_database(connection, metadata, capabilities, scope).findings.values()
