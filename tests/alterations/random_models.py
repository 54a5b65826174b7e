"""Models of every sort, drawn by Hypothesis: one to three tables with what belongs to them."""

from __future__ import annotations

from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Computed,
    ForeignKeyConstraint,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql as pg

from .random_columns import NAMES, columns, one_in
from .random_indexes import add_indexes, checks, numbers, sortable

CONVENTIONS = (
    None,
    {
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    },
)
GENERATED = ("{0} * 2", "({0} + 1)", "abs({0})", "CASE WHEN {0} > 0 THEN 1 ELSE 0 END")
ACTIONS = st.sampled_from((None, "CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT"))


@st.composite
def models(draw):
    """The metadata of some tables."""
    metadata = MetaData(naming_convention=draw(st.sampled_from(CONVENTIONS)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    tables = [_table(draw, metadata, name) for name in names]
    for table in tables:
        if draw(st.booleans()):
            _refer(draw, table, tables)
    return metadata


def _table(draw, metadata, name):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True))
    own = [draw(columns(name)) for name in names]
    items = [*_keys(draw, own), *checks(draw, own)]
    if numbers(own) and one_in(draw, 5):
        items.append(_generated(draw, draw(st.sampled_from(numbers(own)))))
    table = Table(name, metadata, *own, *items, **_options(draw))
    add_indexes(draw, table, [table.c[column.name] for column in sortable(own)])
    return table


def _options(draw):
    options = {}
    if one_in(draw, 4):
        options["comment"] = draw(st.sampled_from(("Table's % comment", "x")))
    if one_in(draw, 6):
        options["postgresql_with"] = {"fillfactor": draw(st.integers(50, 90))}
    if one_in(draw, 8):
        options["prefixes"] = ["UNLOGGED"]
    return options


def _generated(draw, column):
    quoted = pg.dialect().identifier_preparer.quote(column.name).replace("%%", "%")
    sql = draw(st.sampled_from(GENERATED)).format(quoted)
    return Column("gen erated", Numeric, Computed(sql, persisted=True))


def _keys(draw, own):
    """A primary key or none, and a unique constraint or none, on other columns than the key."""
    keyed = [column for column in sortable(own) if not isinstance(column.type, pg.TSVECTOR)]
    keys, key = [], []
    if keyed and draw(st.booleans()):
        key = draw(st.lists(st.sampled_from(keyed), min_size=1, max_size=3, unique=True))
        for column in key:
            column.nullable = False
        name = draw(st.sampled_from((None, "pk", "Primary Key")))
        keys.append(PrimaryKeyConstraint(*key, name=name))
    if keyed and one_in(draw, 3):
        unique = draw(st.lists(st.sampled_from(keyed), min_size=1, max_size=2, unique=True))
        if {*unique} != {*key} and not any(column.unique for column in unique):
            keys.append(UniqueConstraint(*unique, **_unique_options(draw)))
    return keys


def _unique_options(draw):
    options = {"name": draw(st.sampled_from((None, "uq", "Un ique")))}
    if one_in(draw, 4):
        options |= {"deferrable": True, "initially": draw(st.sampled_from((None, "DEFERRED")))}
    if one_in(draw, 4):
        options["postgresql_nulls_not_distinct"] = True
    return options


def _refer(draw, table, tables):
    """Add a foreign key to a key of another table, or of the same one."""
    target = draw(st.sampled_from(tables))
    keys = [
        [*key.columns]
        for key in target.constraints
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)
        and key.columns
        and not key.deferrable
    ]
    # A permanent table cannot refer to an unlogged one.
    if not keys or target._prefixes:
        return
    key = draw(st.sampled_from(sorted(keys, key=str)))
    names = [f"ref {place}" for place in range(len(key))]
    for name, column in zip(names, key, strict=True):
        table.append_column(Column(name, column.type))
    table.append_constraint(
        ForeignKeyConstraint(
            names,
            key,
            name=draw(st.sampled_from((None, "fk", "F K"))),
            ondelete=draw(ACTIONS),
            onupdate=draw(ACTIONS),
            deferrable=draw(st.sampled_from((None, True))),
            use_alter=tables.index(target) > tables.index(table),
        )
    )
