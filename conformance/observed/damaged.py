"""Which object a query of the catalog fails at: the server's error does not name it.

PostgreSQL prints a view or a default from its parsed form. Where the catalog lost what that form
refers to, printing fails with an internal error, and with it the whole query.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.comparing.enumerating import first_of
from conformance.errors import ConformanceError, message_of, state_of
from conformance.observed.executables import FOREIGN
from conformance.observed.explaining import ask_in_halves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

#: The catalogs of what PostgreSQL prints, which of their rows are meant, and how they are printed.
_PRINTED = (
    ("pg_class", "relkind IN ('v', 'm')", "pg_catalog.pg_get_viewdef(oid)"),
    ("pg_class", "relkind IN ('i', 'I')", "pg_catalog.pg_get_indexdef(oid)"),
    ("pg_attrdef", "true", "pg_catalog.pg_get_expr(adbin, adrelid)"),
    ("pg_constraint", "true", "pg_catalog.pg_get_constraintdef(oid)"),
    ("pg_trigger", "true", "pg_catalog.pg_get_triggerdef(oid)"),
    ("pg_rewrite", "rulename <> '_RETURN'", "pg_catalog.pg_get_ruledef(oid)"),
    (
        "pg_policy",
        "true",
        "pg_catalog.concat(pg_catalog.pg_get_expr(polqual, polrelid),"
        " pg_catalog.pg_get_expr(polwithcheck, polrelid))",
    ),
    ("pg_proc", "prokind <> 'a'", "pg_catalog.pg_get_functiondef(oid)"),
)
#: Objects of PostgreSQL's own have smaller numbers.
_FIRST = 16_384
#: An internal error (PostgreSQL documentation, "PostgreSQL Error Codes", class XX).
_INTERNAL = "XX"
#: Of so many damaged objects an error has the names.
_NAMED = 5


#: Hypertables and chunks whose tables are gone. Older versions keep entries of dropped chunks. From
#: 2.29 on chunks have no names, and the views do not fail at one that is gone.
_LOST = text("""
SELECT pg_catalog.concat(entry.schema_name, '.', entry.table_name)
  FROM (SELECT 1 AS rank, schema_name, table_name FROM _timescaledb_catalog.hypertable
        UNION ALL
        SELECT 2, k.entry ->> 'schema_name', k.entry ->> 'table_name'
          FROM (SELECT pg_catalog.to_jsonb(k) AS entry FROM _timescaledb_catalog.chunk k) AS k
         WHERE k.entry ->> 'table_name' IS NOT NULL
           AND coalesce(k.entry ->> 'dropped', 'false') = 'false') AS entry
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = entry.schema_name AND c.relname = entry.table_name)
 ORDER BY entry.rank, 1
""")


class CatalogDamaged(ConformanceError):
    """The server cannot print what its catalog has."""


@contextmanager
def damage_named(connection: Connection) -> Iterator[None]:
    """Raise the server's internal error as one that names the damaged objects.

    The transaction, which has failed, is rolled back.

    Raises:
        CatalogDamaged: the server has an internal error.
    """
    try:
        yield
    except DBAPIError as error:
        # What reads somebody else's database limits and shields its transactions itself.
        if not is_internal(error) or connection.info.get(FOREIGN):
            raise
        connection.rollback()
        where, way = where_and_way(connection)
        raise CatalogDamaged(
            f"Reading the catalog failed{where}: {message_of(error).strip().rstrip('.')}.", way
        ) from error


def is_internal(error: DBAPIError) -> bool:
    """Whether the server has failed at what it should be able to do."""
    return state_of(error).startswith(_INTERNAL)


def where_and_way(connection: Connection) -> tuple[str, str]:
    """Where reading the catalog fails, ` at view prices`, and the way out."""
    try:
        damaged = first_of(list(damaged_objects(connection)), _NAMED)
    # The first error says more.
    except DBAPIError:
        damaged = ""
    if not damaged:
        return "", "The catalog may be damaged; the server's log may say more."
    return (
        f" at {damaged}",
        "The server cannot print the definition, because its catalog has lost what the definition "
        "refers to. Drop the object and create it again, or restore a backup.",
    )


def lost_hypertables(connection: Connection) -> str:
    """The hypertables and chunks that TimescaleDB has and PostgreSQL has not; empty if none.

    TimescaleDB's views turn the names of all of them into OIDs, and fail at one that is gone.
    """
    try:
        return first_of(list(connection.scalars(_LOST)), _NAMED)
    # The first error says more.
    except DBAPIError:
        return ""


def damaged_objects(connection: Connection) -> Iterator[str]:
    """Each object whose definition the server cannot print, such as `view prices`.

    Reads in a statement for each kind of object, and a few more for each that is damaged.
    """
    for catalog, condition, printed in _PRINTED:
        relation = f"pg_catalog.{catalog}"
        oids = connection.scalars(
            text(f"SELECT oid FROM {relation} WHERE oid >= {_FIRST} AND {condition}")
        ).all()
        ask = partial(_lengths, connection, relation, printed)
        for oid, _ in ask_in_halves(connection, oids, ask)[1]:
            described = text(
                f"SELECT pg_catalog.pg_describe_object('{relation}'::pg_catalog.regclass, :oid, 0)"
            )
            yield str(connection.scalar(described, {"oid": oid}))


def _lengths(
    connection: Connection, relation: str, printed: str, oids: Sequence[int]
) -> Sequence[int | None]:
    """How long each definition is, which the server prints to say it."""
    asked = text(f"SELECT pg_catalog.length({printed}) FROM {relation} WHERE oid = ANY(:oids)")
    return connection.scalars(asked, {"oids": [*oids]}).all()
