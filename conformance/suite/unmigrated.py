"""Provide databases before the first revision."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.engines.base import Template
from conformance.observed.home import create_extension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.engines.base import Engine
    from conformance.project.migrations import Migrations


#: The reason for not interrupting migrations where all connections share one session.
_NOT_HERE = (
    "not checked: the migrations create TimescaleDB, or a schema that may be its own, without IF"
    " NOT EXISTS, and this engine can load TimescaleDB only once per database"
)


class Unmigrated:
    """Provides databases before the first revision.

    A database has the extension, in the schema in which the migrations would create it; unless the
    migrations create it without IF NOT EXISTS.
    """

    def __init__(self, engine: Engine, migrations: Migrations) -> None:
        self._engine = engine
        self._migrations = migrations

    @cached_property
    def _home(self) -> str | None:
        # It may take a migration to know.
        return self._migrations.home(self._engine)

    @contextmanager
    def database(self, *, extension: bool = True) -> Iterator[URL]:
        """A database before the first revision.

        Args:
            extension: whether it has the extension. False is ignored if all connections share one
                session: a session can load TimescaleDB only once, so that creating the extension
                must not be rolled back.
        """
        one_session = self._engine.server_url is None
        insists = self._migrations.insist_on_the_extension()
        if insists and one_session and not extension:
            pytest.skip(_NOT_HERE)
        template = self._migrations.unmigrated
        if (extension or one_session) and not insists:
            template = with_extension(self._engine, self._home, template)
        with self._engine.database(template) as url:
            yield url


def with_extension(
    engine: Engine, home: str | None = None, before: Template | None = None
) -> Template:
    """A database with the extension, in the server's version, and nothing else.

    Args:
        home: the schema of the extension; None: the first schema of the search_path.
        before: the state of the database before.
    """
    version = engine.server.timescaledb

    def prepare(url: URL) -> None:
        if before is not None:
            before.prepare(url)
        with create_engine(url, poolclass=NullPool).begin() as connection:
            create_extension(connection, home, version)

    parts = repr((version, home, before and before.key))
    return Template("extension", hashlib.sha256(parts.encode()).hexdigest()[:32], prepare)
