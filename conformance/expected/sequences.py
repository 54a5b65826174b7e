"""Sequences that do not belong to a column, declared by SQLAlchemy's Sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, SmallInteger

from conformance.comparing.facts import EXISTS, FactKey, Facts, OneOf, Value
from conformance.comparing.sequences import Sequence

if TYPE_CHECKING:
    import sqlalchemy
    from sqlalchemy import MetaData


def expected(metadata: MetaData, default_schema: str) -> Facts:
    """Every sequence of the metadata, except optional ones: PostgreSQL uses SERIAL instead."""
    facts: Facts = {}
    for sequence in metadata._sequences.values():
        if sequence.optional:
            continue
        schema = sequence.schema or default_schema
        name = sequence.name if schema == default_schema else f"{schema}.{sequence.name}"
        facts[FactKey("sequence", name, "", EXISTS)] = True
        facts[FactKey("sequence", name, "", "options")] = _options(sequence)
        facts[FactKey("sequence", name, "", "logged")] = True
    return facts


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
