"""What pytest-alembic's tests migrate; it has fixtures of the same names, and the nearest wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, pool

from conformance.migrations import alembic_config as read_alembic_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import URL, Engine


@pytest.fixture
def alembic_config(pytestconfig: pytest.Config, apache_edition: bool) -> Config:
    """Alembic's configuration, from `--alembic-ini`; a fresh one for every test."""
    config = read_alembic_config(pytestconfig.getoption("alembic_ini"))
    config.attributes["apache"] = "allow" if apache_edition else None
    return config


@pytest.fixture
def alembic_engine(empty_database: URL) -> Iterator[Engine]:
    """The database that pytest-alembic's tests migrate up and down."""
    engine = create_engine(empty_database, poolclass=pool.NullPool)
    yield engine
    engine.dispose()
