"""Rows satisfy checks that nobody wrote: random conditions of four columns of one order."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    insert,
)
from sqlalchemy.exc import IntegrityError

from conformance.strategies import NotDerivable, checks_of, refused_by, rows

#: The types of each kind, and literals.
KINDS = {
    "whole": ([Integer, SmallInteger, BigInteger, Numeric(5, 1)], ["-1", "0", "1", "2", "10"]),
    "decimal": ([Numeric, Numeric(6, 2)], ["-3", "0", "1.5", "9.9"]),
    "double": ([Double], ["-3", "0", "1.5", "9.9"]),
    "date": ([Date], ["'1999-12-31'", "'2020-01-01'", "'2021-05-05'"]),
    "moment": (
        [DateTime(timezone=True)], ["'2020-01-01 00:00:00+00'", "'2021-05-05 10:00:00+02'"],
    ),
    "text": ([Text], ["''", "'a'", "'bc'"]),
}  # fmt: skip
COLUMNS = "wxyz"
ORDERS = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: How many tables; most conditions are of whole numbers.
TABLES = {"whole": 40, "text": 20}
ROWS = 6


class Conditions:
    """Random conditions; each call of `term` and `junction` returns another one."""

    def __init__(self, numbers: random.Random, kind: str) -> None:
        self.numbers = numbers
        self.types, self.literals = KINDS[kind]
        self.shapes = [self.pair, self.comparison, self.null, self.listed, self.counted,
                       self.distinct, self.coalesced]  # fmt: skip
        if kind != "text":
            self.shapes += [self.pair, self.between, self.pick]
        else:
            self.shapes += [self.spelled, self.trimmed]

    def junction(self, depth=0):
        shape = self.numbers.random()
        if depth >= 2 or shape < 0.35:
            return self.numbers.choice(self.shapes)(self.numbers.sample(COLUMNS, 3))
        one, other = self.junction(depth + 1), self.junction(depth + 1)
        if shape < 0.8:
            return f"({one} {'AND' if shape < 0.6 else 'OR'} {other})"
        if shape < 0.9:
            return f"(({one}) {'=' if shape < 0.85 else '<>'} ({other}))"
        return f"NOT ({one})"

    def literal(self):
        return self.numbers.choice(self.literals)

    def operator(self):
        return self.numbers.choice(["=", "<>", *(ORDERS if self.pick in self.shapes else ())])

    def operand(self, column):
        return self.numbers.choice([column, self.literal()])

    def pair(self, names):
        return f"{names[0]} {self.operator()} {names[1]}"

    def comparison(self, names):
        return f"{names[0]} {self.operator()} {self.literal()}"

    def null(self, names):
        return f"{names[0]} IS {self.numbers.choice(['', 'NOT '])}NULL"

    def listed(self, names):
        return f"{names[0]} {self.numbers.choice(['', 'NOT '])}IN ({self.literal()})"

    def counted(self, names):
        tests = [f"({name} IS {self.numbers.choice(['', 'NOT '])}NULL)::int" for name in names]
        counted = f"num_{self.numbers.choice(['', 'non'])}nulls({', '.join(names)})"
        operator = self.numbers.choice(["=", "<>", *ORDERS])
        return f"{self.numbers.choice([counted, ' + '.join(tests)])} {operator} 1"

    def distinct(self, names):
        word = self.numbers.choice(["", "NOT "])
        return f"{names[0]} IS {word}DISTINCT FROM {self.operand(names[1])}"

    def coalesced(self, names):
        if self.numbers.random() < 0.5:
            return f"COALESCE({', '.join(names)}) IS {self.numbers.choice(['', 'NOT '])}NULL"
        operator = self.numbers.choice(["=", "<>"])
        return f"COALESCE({names[0]}, {self.literal()}) {operator} {self.literal()}"

    def spelled(self, names):
        functions = ["lower", "upper", "trim"]
        spelled = self.numbers.choice([*functions, "lower(trim", "trim(upper"])
        closing = ")" * (spelled.count("(") + 1)
        other = self.numbers.choice([names[0], "''"])
        return f"{spelled}({names[0]}{closing} {self.numbers.choice(['=', '<>'])} {other}"

    def trimmed(self, names):
        operator = self.numbers.choice(["=", "<>", *ORDERS])
        return f"length(trim({names[0]})) {operator} {self.numbers.randint(0, 4)}"

    def between(self, names):
        one, low, high = names
        word = self.numbers.choice(["", "NOT "])
        return f"{one} {word}BETWEEN {self.operand(low)} AND {self.operand(high)}"

    def pick(self, names):
        operator = self.numbers.choice([*ORDERS])
        picked = (
            f"{'LEAST' if '<' in operator else 'GREATEST'}({names[1]}, {self.operand(names[2])})"
        )
        if self.numbers.random() < 0.5:
            return f"{picked} {ORDERS[operator]} {names[0]}"
        return f"{names[0]} {operator} {picked}"

    def table(self, number):
        nullable = self.numbers.random() < 0.5
        return Table(
            f"random_{number}",
            MetaData(),
            Column("id", Integer, Identity(), primary_key=True),
            *(Column(name, self.numbers.choice(self.types), nullable=nullable) for name in COLUMNS),
            *(
                CheckConstraint(self.junction(), name=f"c{place}")
                for place in range(self.numbers.choice([1, 1, 2]))
            ),
        )


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_random_checks(kind, bare_writer):
    conditions = Conditions(random.Random(f"checks of {kind}"), kind)
    understood, tables = 0, TABLES.get(kind, 6)
    for number in range(tables):
        table = conditions.table(number)
        table.create(bare_writer.connection)
        try:
            each(rows(table), lambda row, table=table: write(bare_writer, table, row))
        except NotDerivable:
            continue
        understood += 1
        for check in checks_of(table):
            try:
                broken = refused_by(table, check)
            except NotDerivable:
                continue
            each(broken, lambda row, table=table: refuse(bare_writer, table, row))
    assert understood > tables / 2


def each(strategy, property_):
    """Check the property of some rows; of none if no row satisfies all checks."""

    @seed(1)
    @settings(max_examples=ROWS, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(row):
        property_(row)

    with suppress(Unsatisfiable):
        check()


def write(writer, table, row):
    checks = [str(check.sqltext) for check in checks_of(table)]
    with writer.connection.begin_nested():
        try:
            writer.connection.execute(insert(table).values(row))
        except IntegrityError as error:
            raise AssertionError(f"{row} of {checks}: {error.orig}") from None


def refuse(writer, table, row):
    assert writer.refuses(table, row), [row, *(str(check.sqltext) for check in checks_of(table))]
