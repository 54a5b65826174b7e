"""Compare two databases with each other, without models."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.audit import reading, verdict_of
from conformance.comparing.comparison import compare
from conformance.comparing.fact_table import FactTable
from conformance.comparing.leaving import leave as leave_to_others
from conformance.comparing.unused import with_declared_types
from conformance.comparing.verdict import EngineUsed
from conformance.comparing.wording import OTHER_DATABASE, expected_of
from conformance.engines.connecting import parse_url, place
from conformance.engines.identification import identify_server
from conformance.observed import Scope, canonical, observed_facts
from conformance.observed.privileges import add_usual_future
from conformance.observed.schemas import schemas_of_users
from conformance.pipeline import prepare_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts
    from conformance.comparing.verdict import Verdict

_ALIKE = "What both databases have alike is not judged."


@dataclass(frozen=True)
class OtherDatabase:
    """The database that others are compared with.

    Attributes:
        description: what it is, without a password.
        facts: what it has.
        schemas: those that were read.
    """

    description: str
    facts: Facts
    schemas: tuple[str, ...]


def read_other(
    address: str, schemas: Sequence[str] = ("public",), leave: Sequence[str] = ()
) -> OtherDatabase:
    """Read the other database, once for all that are compared with it.

    Args:
        schemas: schemas to read beside those of users. The first one is left out of names.

    Raises:
        ConformanceError: as `audit`.
    """
    url = parse_url(address)
    with reading(url) as connection:
        identify_server(connection)
        scope = _scope(connection, schemas, leave)
        facts, _ = leave_to_others(_read(connection, scope), scope.left, scope.default_schema)
    return OtherDatabase(f"database {url.database} at {place(url)}", facts, scope.schemas)


def audit_against(
    address: str,
    other: OtherDatabase,
    schemas: Sequence[str] = ("public",),
    leave: Sequence[str] = (),
) -> Verdict:
    """Compare the database at the URL with another one, in both directions.

    Uses one read-only transaction, as `audit`. No rule over several objects is applied: a rule is
    about one database. So what both databases have alike is not judged, and the verdict says that.

    Args:
        schemas, leave: as in `read_other`.

    Raises:
        ConformanceError: as `audit`.
    """
    started = time.monotonic()
    url = parse_url(address)
    with reading(url) as connection:
        server = identify_server(connection)
        scope = _scope(connection, (*schemas, *other.schemas), leave)
        facts = _read(connection, scope)
        remaining, left = leave_to_others(facts, scope.left, scope.default_schema)
        # Both sides are spelled by the same server.
        wanted, found = FactTable(expected_of(other.facts)), FactTable(remaining)
        add_usual_future(connection, wanted, found)
        expected, observed = canonical(connection, wanted, found)
        comparison = compare(
            expected,
            with_declared_types(FactTable.of(expected), FactTable.of(observed)),
            server.capabilities,
            reference=OTHER_DATABASE,
        )
    described = f"database {url.database} at {place(url)}, compared with {other.description}"
    verdict = verdict_of(
        replace(comparison, left=left, sides=(expected, remaining)),
        EngineUsed.of("url", described, server, _ALIKE),
        started,
    )
    return replace(verdict, against=other.description)


def _scope(connection: Connection, schemas: Sequence[str], leave: Sequence[str]) -> Scope:
    found = {*schemas, *schemas_of_users(connection)}
    return Scope(tuple(sorted(found)), schemas[0], left=tuple(leave))


def _read(connection: Connection, scope: Scope) -> Facts:
    prepare_session(connection, scope)
    facts = FactTable.of(observed_facts(connection, scope))
    for (kind, *_), attributes in facts.objects.items():
        if kind == "continuous_aggregate":
            # How far its refreshes have come goes with the rows.
            attributes.pop("watermark", None)
    return facts
