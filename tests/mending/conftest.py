"""A database to alter, to compare and to mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.mending.plan import plan_for
from conformance.pipeline import check_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Engine as Sessions
    from sqlalchemy import MetaData

    from conformance.comparing.capabilities import Capabilities
    from conformance.comparing.comparison import Comparison
    from conformance.engines.base import Engine


@dataclass(frozen=True)
class Altered:
    """A database with the extension; each statement is a transaction of its own."""

    sessions: Sessions
    capabilities: Capabilities

    def run(self, statements: Iterable[str]) -> None:
        """Execute the statements."""
        options = {"isolation_level": "AUTOCOMMIT", "no_parameters": True}
        with self.sessions.connect().execution_options(**options) as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.sessions.connect().execution_options(no_parameters=True) as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def compared(self, metadata: MetaData) -> Comparison:
        """The comparison with the models."""
        with self.sessions.connect() as connection:
            return check_database(connection, metadata, self.capabilities)

    def mended(
        self, first: MetaData, then: MetaData, rows: Mapping[str, list[tuple[Any, ...]]]
    ) -> list[str]:
        """Go from the first models to the others and back; return the statements of the way there.

        Args:
            rows: queries, and the rows that they must have on arrival.
        """
        before = self.compared(first)
        assert not before.findings
        plan = plan_for(self.compared(then))
        assert not plan.unmended
        self.run(step.sql for step in plan.upgrade)
        assert not self.compared(then).findings
        assert {query: self.rows(query) for query in rows} == rows
        self.run(step.sql for step in plan.downgrade)
        back = self.compared(first)
        assert not back.findings
        # A schema that was created stays, and is empty.
        found = {key: value for key, value in back.sides[1].items() if key.kind != "schema"}
        assert found == before.sides[1]
        return [step.sql for step in plan.upgrade]


@pytest.fixture
def altered(conformance_engine: Engine) -> Iterator[Altered]:
    """A database with nothing but the extension."""
    with conformance_engine.database() as url:
        database = Altered(create_engine(url, poolclass=NullPool), conformance_engine.capabilities)
        database.run(["CREATE EXTENSION IF NOT EXISTS timescaledb"])
        yield database
