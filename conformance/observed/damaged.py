"""Which object a query of the catalog fails at: the server's error does not name it.

PostgreSQL prints a view or a default from its parsed form. Where the catalog lost what that form
refers to, printing fails with an internal error, and with it the whole query.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text

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
