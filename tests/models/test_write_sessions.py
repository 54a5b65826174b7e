"""Sessions that write the same keys at the same time: each waits, none fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from models import CurveData, Signal
from models.writes import insert_new, upsert

BOTH = pytest.mark.parametrize("write", [insert_new, upsert])
LONG = 20

WAITING = text("SELECT count(*) FROM pg_locks WHERE pid = :pid AND NOT granted")


@pytest.fixture
def sessions(database, conformance_engine):
    """The engine of a database that several sessions can write to; emptied afterwards."""
    if reason := conformance_engine.capabilities.missing("concurrent_sessions"):
        pytest.skip(reason)
    engine, _ = database
    yield engine
    with engine.begin() as connection:
        connection.execute(delete(CurveData))
        connection.execute(delete(Signal))


@contextmanager
def waiting(sessions, write, model, rows):
    """Another session's call, once it waits for a lock; its future. It commits in the end."""
    with sessions.connect() as writer, sessions.connect() as watch, ThreadPoolExecutor() as pool:
        # A test that fails does not wait for a call that waits for it.
        writer.execute(text(f"SET lock_timeout = '{LONG}s'"))
        pid = writer.scalar(text("SELECT pg_backend_pid()"))
        call = pool.submit(lambda: (write(writer, model, rows), writer.commit())[0])
        until = datetime.now(UTC) + timedelta(seconds=LONG)
        while not watch.scalar(WAITING, {"pid": pid}):
            assert not call.done(), call.result()
            assert datetime.now(UTC) < until, "the call does not wait"
            watch.rollback()
        watch.rollback()
        yield call


def test_a_row_that_another_session_inserts_meanwhile(sessions, desk):
    """It was not there when the statement began, and counts as updated all the same."""
    with sessions.connect() as first:
        insert_new(first, CurveData, [desk.point(rate=1.0)])
        with waiting(sessions, upsert, CurveData, [desk.point(rate=2.0)]) as call:
            first.commit()
            assert call.result(LONG) == desk.written(updated=1)
    with sessions.connect() as connection:
        assert desk.read(connection, CurveData, "rate") == [(2.0,)]


@BOTH
def test_a_session_that_waits_holds_no_later_key(sessions, desk, write):
    """So that a session that writes the same keys the other way round cannot deadlock with it."""
    keys = [
        {"curve_id": "DI", "tenor_days": 9},
        {"curve_id": "DI", "tenor_days": 10},
        {"curve_id": "PRE", "tenor_days": 9},
        {"curve_id": "PRE", "tenor_days": 10},
    ]
    with sessions.connect() as first, sessions.connect() as other:
        insert_new(first, CurveData, [desk.point(**keys[1])])
        backwards = [desk.point(rate=2.0, **key) for key in reversed(keys)]
        with waiting(sessions, write, CurveData, backwards) as call:
            other.execute(text("SET LOCAL lock_timeout = '5s'"))
            later = [desk.point(**key) for key in keys[2:]]
            assert insert_new(other, CurveData, later) == desk.written(2)
            other.rollback()
            first.rollback()
            assert call.result(LONG) == desk.written(4)


@BOTH
def test_rows_with_other_columns_are_in_order_too(sessions, desk, write):
    """The sets of columns come in an order that does not depend on the rows'."""
    with sessions.connect() as first, sessions.connect() as other:
        labelled, plain = desk.point(tenor_days=1, tenor_label="1D"), desk.point(tenor_days=2)
        insert_new(first, CurveData, [plain])
        with waiting(sessions, write, CurveData, [labelled, plain]) as call:
            other.execute(text("SET LOCAL lock_timeout = '5s'"))
            assert insert_new(other, CurveData, [desk.point(tenor_days=1)]) == desk.written(1)
            other.rollback()
            first.rollback()
            assert call.result(LONG) == desk.written(2)


def in_the_order_written(connection, model, *columns):
    chosen = [model.__table__.c[name] for name in columns]
    query = select(*chosen).order_by(model.__table__.c.id)
    return list(map(tuple, connection.execute(query)))


@BOTH
def test_rows_are_written_in_the_order_of_the_key(connection, desk, write):
    """Numbers by value, texts by their bytes, whatever the database's language."""
    names = ["B", "a", "Z", "é", "b", ""]
    rows = [desk.point(curve_id=name, tenor_days=days) for name in names for days in (10, 9, -0)]
    write(connection, CurveData, rows)
    assert in_the_order_written(connection, CurveData, "curve_id", "tenor_days") == sorted(
        (row["curve_id"], row["tenor_days"]) for row in rows
    )


@BOTH
def test_keys_with_nulls_have_their_place(connection, desk, write):
    keys = [
        {"instrument_id": instrument, "series_id": series}
        for instrument in (None, *reversed(desk.instruments))
        for series in (None, *reversed(desk.series))
    ]
    write(connection, Signal, [desk.rows[Signal] | key for key in keys])
    expected = [(i, s) for i in (*desk.instruments, None) for s in (*desk.series, None)]
    assert in_the_order_written(connection, Signal, "instrument_id", "series_id") == expected


@BOTH
def test_rows_looked_for_first_are_in_order_too(connection, desk, compress, write):
    insert_new(connection, CurveData, [desk.point(tenor_days=days) for days in range(0, 99, 2)])
    compress(CurveData)
    last = connection.scalar(text("SELECT max(id) FROM curves"))
    write(connection, CurveData, [desk.point(tenor_days=days) for days in reversed(range(99))])
    query = select(CurveData.tenor_days).where(CurveData.id > last).order_by(CurveData.id)
    assert connection.scalars(query).all() == list(range(1, 99, 2))
