"""Indexes and check constraints of every sort, drawn by Hypothesis for the columns of a table."""

from __future__ import annotations

from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Enum,
    Float,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects import postgresql as pg


def sortable(columns):
    """The columns that a B-tree can have."""
    unordered = pg.JSONPATH | ARRAY
    plain = [column for column in columns if not isinstance(column.type, unordered)]
    return [c for c in plain if isinstance(c.type, pg.JSONB) or not isinstance(c.type, pg.JSON)]


def texts(columns):
    """The columns of text."""
    return [c for c in columns if isinstance(c.type, String) and not isinstance(c.type, Enum)]


def numbers(columns):
    """The columns of numbers."""
    return [column for column in columns if isinstance(column.type, Integer | Numeric | Float)]


def checks(draw, columns):
    """No more than two check constraints, which differ."""
    made = [*_of_numbers(draw, numbers(columns)), *_of_texts(draw, texts(columns))]
    for column in columns:
        made += _of_others(column)
    if not made:
        return []
    chosen = draw(st.lists(st.sampled_from(made), max_size=2, unique_by=str))
    return [
        CheckConstraint(check, name=draw(st.sampled_from((None, f"ck{place}", f"C %{place}"))))
        for place, check in enumerate(chosen)
    ]


def _of_numbers(draw, columns):
    if not columns:
        return []
    one, other = draw(st.sampled_from(columns)), draw(st.sampled_from(columns))
    return [
        one > 0, one.between(1, 10), one <= other, one.in_([1, 2, 3]), one.is_not(None),
        (one > 0) | (other < 5), one + other > 3, func.abs(one) < 100, one.in_([4]),
        ~one.in_([5, 6]),
    ]  # fmt: skip


def _of_texts(draw, columns):
    if not columns:
        return []
    one = draw(st.sampled_from(columns))
    return [
        one != "", func.length(one) > 1, one.in_(["a", "b'"]), one.like("%x%"),
        one.regexp_match("^a"), func.lower(one) == one, one.is_(None) | (one != "y"),
        one.ilike("a_"), func.trim(one) != "", one.startswith("a"),
        ~one.contains("%", autoescape=True),
    ]  # fmt: skip


def _of_others(column):
    if isinstance(column.type, Boolean):
        return [column.is_(True), ~column]
    if isinstance(column.type, DateTime):
        return [column > text("'2000-01-01'"), func.date_part("year", column) > 1990]
    if isinstance(column.type, Date):
        return [column >= text("'2000-01-01'::date")]
    if isinstance(column.type, pg.JSONB):
        return [func.jsonb_typeof(column) == "object"]
    return []


def add_indexes(draw, table, columns):
    """Add no more than three indexes to the table."""
    for place in range(draw(st.integers(0, 3))):
        local = table.name[:9]
        name = draw(st.sampled_from((f"{local}_i{place}", f"I {place} {local}")))
        draw(st.sampled_from(SORTS))(draw, name, columns)


def _of_expression(draw, name, columns):
    if texts(columns):
        Index(name, func.lower(draw(st.sampled_from(texts(columns)))))


def _ordered(draw, name, columns):
    plain = [column for column in columns if not isinstance(column.type, pg.MONEY)]
    if plain:
        one = draw(st.sampled_from(plain))
        ways = (one.desc(), one.asc(), one.desc().nulls_last(), one.nulls_first())
        Index(name, draw(st.sampled_from(ways)))


def _partial(draw, name, columns):
    if numbers(columns):
        one = draw(st.sampled_from(numbers(columns)))
        ways = (one > 0, one.is_not(None), one.in_([1, 2]), (one > 1) & (one < 9))
        where = draw(st.sampled_from(ways))
        Index(name, one, postgresql_where=where, unique=draw(st.booleans()))


def _hashed(draw, name, columns):
    unhashed = pg.BIT | pg.TSVECTOR | pg.TSQUERY | pg.MONEY
    plain = [column for column in columns if not isinstance(column.type, unhashed)]
    if plain:
        Index(name, draw(st.sampled_from(plain)), postgresql_using="hash")


def _of_a_method(draw, name, columns):
    """GIN, GiST, or an operator class, of the first column that can have one."""
    for one in columns:
        if isinstance(one.type, pg.JSONB):
            operators = draw(st.sampled_from(({}, {one.key: "jsonb_path_ops"})))
            Index(name, one, postgresql_using="gin", postgresql_ops=operators)
        elif isinstance(one.type, pg.TSVECTOR | pg.INT4RANGE | pg.TSTZRANGE):
            Index(name, one, postgresql_using="gist")
        elif isinstance(one.type, Text) and one.type.collation is None:
            Index(name, one, postgresql_ops={one.key: "text_pattern_ops"})
        else:
            continue
        break


def _of_ranges(draw, name, columns):
    if numbers(columns):
        one = draw(st.sampled_from(numbers(columns)))
        Index(name, one, postgresql_using="brin", postgresql_with={"pages_per_range": 64})


def _covering(draw, name, columns):
    if len(columns) > 1:
        one, other = draw(st.permutations(columns))[:2]
        Index(name, one, postgresql_include=[other.name], postgresql_with={"fillfactor": 70})


def _of_several(draw, name, columns):
    if columns:
        some = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True))
        alike = draw(st.sampled_from((None, True)))
        Index(name, *some, unique=draw(st.booleans()), postgresql_nulls_not_distinct=alike)


SORTS = (_of_expression, _ordered, _partial, _hashed, _of_a_method, _of_ranges, _covering,
         _of_several)  # fmt: skip
