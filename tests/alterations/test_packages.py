"""What the package `timescaledb` makes of its own models conforms to them, as they are."""

from __future__ import annotations

from typing import ClassVar

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.audit import audit
from conformance.declarations import declare_packages


@pytest.mark.usefixtures("community_edition")
def test_what_the_package_makes_conforms(conformance_engine, bare):
    package = pytest.importorskip("timescaledb")
    from sqlmodel import Field, Session, SQLModel

    class Metric(package.TimescaleModel, table=True):
        sensor_id: int = Field(index=True)
        value: float
        __chunk_time_interval__: ClassVar[str] = "INTERVAL 1 day"
        __enable_compression__: ClassVar[bool] = True
        __compress_segmentby__: ClassVar[str] = "sensor_id"
        __compress_after__: ClassVar[str] = "INTERVAL 7 days"

    metadata = SQLModel.metadata
    try:
        with conformance_engine.database(bare) as url:
            engine = create_engine(url, poolclass=NullPool)
            metadata.create_all(engine)
            with Session(engine) as session:
                package.hypertables.sync_all_hypertables(session, Metric)
                package.compression.sync_compression_policies(session, Metric)
            with Session(engine) as session:
                package.retention.sync_retention_policies(session, Metric)
            declare_packages(metadata)
            verdict = audit(url.render_as_string(hide_password=False), metadata)
    finally:
        metadata.clear()
        SQLModel._sa_registry.dispose()
    assert [finding.id for finding in verdict.findings] == []
