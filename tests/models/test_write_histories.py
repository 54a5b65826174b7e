"""Any history of writes leaves what a plain dictionary holds after it, and counts it rightly."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Signal, row_batches
from models.writes import Written, insert_new, natural_key, upsert

KEY = natural_key(Signal.__table__)
COLUMNS = (*KEY, "value", "confidence", "details")

VALUES = st.sampled_from([0.0, -0.0, 1.5, math.nan])
ROWS = st.fixed_dictionaries(
    {
        "signal_type": st.sampled_from(["carry", "value"]),
        "signal_date": st.integers(0, 2),
        "instrument_id": st.sampled_from([None, 0, 1]),
        "series_id": st.sampled_from([None, 0]),
        "value": VALUES,
    },
    optional={
        "confidence": st.sampled_from([None, 0.0, 1.0]),
        "details": st.sampled_from([None, {}, {"a": 1}]),
    },
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["insert_new", "upsert", "compress"]), st.lists(ROWS, max_size=12)),
    min_size=1,
    max_size=5,
)


class Table:
    """What the table must hold."""

    def __init__(self):
        self.rows = {}

    def insert_new(self, rows):
        first = {}
        for row in rows:
            first.setdefault(self._key(row), row)
        new = [key for key in first if key not in self.rows]
        for key in new:
            self._insert(key, first[key])
        return Written(len(rows), len(new), 0, len(rows) - len(new))

    def upsert(self, rows):
        last = {}
        for row in rows:
            last[self._key(row)] = last.get(self._key(row), {}) | row
        inserted = updated = 0
        for key, row in last.items():
            if key not in self.rows:
                self._insert(key, row)
                inserted += 1
            elif any(self._differ(self.rows[key][name], row[name]) for name in row):
                self.rows[key] |= row
                updated += 1
        return Written(len(rows), inserted, updated, len(rows) - inserted - updated)

    def _insert(self, key, row):
        self.rows[key] = {"confidence": None, "details": None} | row

    @staticmethod
    def _key(row):
        return tuple(row[name] for name in KEY)

    @staticmethod
    def _differ(old, new):
        numbers = isinstance(old, float) and isinstance(new, float)
        return old != new and not (numbers and math.isnan(old) and math.isnan(new))

    def contents(self):
        return sorted(repr([row[name] for name in COLUMNS]) for row in self.rows.values())


def contents(connection):
    columns = [Signal.__table__.c[name] for name in COLUMNS]
    return sorted(repr(list(row)) for row in connection.execute(select(*columns)))


def with_parents(desk, row):
    parents = {None: None}
    return row | {
        "signal_date": desk.day + timedelta(days=row["signal_date"]),
        "instrument_id": (parents | dict(enumerate(desk.instruments)))[row["instrument_id"]],
        "series_id": (parents | dict(enumerate(desk.series)))[row["series_id"]],
    }


@settings(
    derandomize=True, deadline=None, max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(steps=STEPS)
def test_histories(connection, desk, compress_where_possible, steps):
    """In one transaction: also rows that it wrote itself, and chunks compressed in part."""
    expected = Table()
    with connection.begin_nested() as savepoint:
        for action, rows in steps:
            if action == "compress":
                compress_where_possible(Signal)
                continue
            given = [with_parents(desk, row) for row in rows]
            write = insert_new if action == "insert_new" else upsert
            assert write(connection, Signal, given) == getattr(expected, action)(given)
            assert contents(connection) == expected.contents()
        savepoint.rollback()


@pytest.mark.parametrize("action", ["insert_new", "upsert"])
@settings(
    derandomize=True, deadline=None, max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(rows=st.lists(ROWS, max_size=30), size=st.integers(1, 7))
def test_batches_do_not_matter(connection, desk, action, rows, size):
    """Rows from an iterator, a few at a time, leave what they leave all at once."""
    expected = Table()
    rows = [with_parents(desk, row) for row in rows]
    write = insert_new if action == "insert_new" else upsert
    with connection.begin_nested() as savepoint, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_batches, "BATCH_ROWS", size)
        result = write(connection, Signal, iter(rows))
        for row in rows:
            getattr(expected, action)([row])
        assert contents(connection) == expected.contents()
        assert (result.given, result.inserted) == (len(rows), len(expected.rows))
        savepoint.rollback()
