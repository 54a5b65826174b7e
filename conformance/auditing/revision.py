"""Alembic's version table: whether it says which revisions a database has, and can go on to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.codes import WARNING
from conformance.comparing.enumerating import first_of
from conformance.comparing.facts import Owner
from conformance.comparing.findings import Finding, migration_finding
from conformance.observed.version_table import version_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from conformance.comparing.facts import Facts
    from conformance.observed.version_table import VersionTable
    from conformance.project.lineage import Lineage


#: How many revisions that have not run are named.
_SHOWN = 3


def about_version_table(
    connection: Connection, observed: Facts, lineage: Lineage
) -> Iterator[Finding]:
    """Warnings about Alembic's version table.

    A database may have those of several projects. Then the owner and the revisions of each are not
    judged, because it is not known which one is this project's.

    Args:
        observed: what the database has, for the owner of its tables.
        lineage: the order of the project's revisions.
    """
    tables = version_tables(connection)
    if all(table.revisions == () for table in tables):
        yield _unrecorded(is_there=bool(tables))
    for table in tables:
        if table.alterations:
            yield _altered(table)
    if len(tables) == 1:
        (table,) = tables
        yield from _of_another_owner(table, observed)
        if table.revisions:
            yield from _about_revisions(table.name, table.revisions, lineage)


def _unrecorded(*, is_there: bool) -> Finding:
    lack = "version table is empty" if is_there else "database has no version table"
    return _finding(
        "version_table",
        f"the {lack}, so that Alembic takes the database for new",
        "The next alembic upgrade runs all migrations again, and fails where a table "
        "exists. If the database is up to date, run alembic stamp head.",
        expected=True,
        observed=False if is_there else None,
        disagreement="different" if is_there else "missing",
    )


def _altered(table: VersionTable) -> Finding:
    return _finding(
        "alterations",
        f"the version table {table.name} {', '.join(table.alterations)}",
        "Likely cause: somebody altered the table, or it was restored in part. Alembic may "
        "then lose the revision that it records, or record two. Undo the alteration. If env.py "
        "sets version_table_pk=False on purpose, accept the finding.",
        expected=[],
        observed=list(table.alterations),
    )


def _of_another_owner(table: VersionTable, observed: Facts) -> Iterator[Finding]:
    owners = (value for key, value in observed.items() if key.attribute == "owner")
    usual = next((value.usual for value in owners if isinstance(value, Owner)), table.owner)
    if table.owner != usual:
        yield _finding(
            "owner",
            f"the version table {table.name} belongs to {table.owner}, most tables to {usual}",
            "Likely cause: another role ran the first migration, or somebody ran ALTER TABLE ... "
            f"OWNER TO. A migration as {usual} cannot record its revision without privileges. "
            "Give the table to that role.",
            expected=usual,
            observed=table.owner,
        )


def _about_revisions(name: str, recorded: Sequence[str], lineage: Lineage) -> Iterator[Finding]:
    has = f"the version table {name} has {', '.join(recorded)}"
    if reason := lineage.contradiction(recorded):
        hint = (
            "The next alembic upgrade fails. Likely cause: newer migrations ran than this checkout "
            "has, or the file of the revision was removed or renamed. Compare with the models of "
            "that version. If the database is what these models say, alembic stamp --purge heads "
            "records it."
            if len(recorded) == 1
            else "The next alembic upgrade fails, or runs migrations again. Delete the row that is "
            "wrong. If the database is up to date, alembic stamp --purge heads leaves the right "
            "one."
        )
        yield _finding("revisions", f"{has}, but {reason}", hint, observed=list(recorded))
    elif pending := lineage.pending(recorded):
        yield _finding(
            "pending",
            f"{has}, and the next alembic upgrade runs {first_of(pending, _SHOWN)}",
            "These revisions may bring what the models have and the database lacks. Run alembic "
            "upgrade heads, or compare with the models of the version that is deployed.",
            expected=[],
            observed=pending,
        )


def _finding(attribute: str, said: str, hint: str, **fields: Any) -> Finding:
    message = f"migration alembic: {said}"
    return migration_finding(attribute, message, hint, severity=WARNING, **fields)
