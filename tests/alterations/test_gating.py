"""The gate passes what `conformance fix` writes; `gating` is the run over all alterations."""

from __future__ import annotations

import pytest

from conformance.engines.started import Session

from . import gating


@pytest.mark.slow
def test_the_gate_passes_a_revision_that_mends_several_kinds(server_engine, tmp_path):
    findings = gating.gate(gating.SEVERAL, Session(server_engine), tmp_path)
    assert not [finding for finding in findings if finding.severity == "error"]
    written = next((tmp_path / "alembic" / "versions").glob("mend_*")).read_text("utf-8")
    assert "CREATE UNIQUE INDEX CONCURRENTLY uq_instruments_ticker_mending" in written
    assert "VALIDATE CONSTRAINT fk_series_metadata_source_id_data_sources" in written
