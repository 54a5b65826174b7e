"""Sequences that do not belong to a column, declared by SQLAlchemy's Sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, SmallInteger

from conformance.comparing.facts import EXISTS, Objects, OneOf, Value
from conformance.comparing.sequences import Sequence
from conformance.expected.tables import qualified

if TYPE_CHECKING:
    import sqlalchemy
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Objects:
    """Every sequence of the metadata, except optional ones: PostgreSQL uses SERIAL instead."""
    for sequence in metadata._sequences.values():
        if sequence.optional:
            continue
        name = qualified(sequence.name, sequence.schema, default_schema)
        attributes: dict[str, Value] = {EXISTS: True, "options": _options(sequence), "logged": True}
        yield "sequence", name, "", attributes


def _options(sequence: sqlalchemy.Sequence) -> Value:
    kind = sequence.data_type
    if kind is None:
        # PostgreSQL's own is bigint; a dump may say integer. The numbers of smallint soon end.
        return OneOf(tuple(_described(sequence, name) for name in ("bigint", "integer")))
    if isinstance(kind, BigInteger):
        return _described(sequence, "bigint")
    return _described(sequence, "smallint" if isinstance(kind, SmallInteger) else "integer")


def _described(sequence: sqlalchemy.Sequence, type_name: str) -> str:
    return Sequence(
        type_name,
        sequence.start,
        sequence.increment,
        sequence.minvalue,
        sequence.maxvalue,
        sequence.cache,
        sequence.cycle,
    ).describe(type_name)
