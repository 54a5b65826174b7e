"""Each property of rows is seen to fail on a table, or for a write path, that is wrong in one way.

One small table is enough, and a batch of two rows: which rows are found is the matter of others.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import cache, partial
from inspect import signature
from types import SimpleNamespace

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    or_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or

from conformance.declarations import Hypertable
from conformance.suite import test_rows as suite
from conformance.suite.row_world import Writes, contents, remove_same_keys

METADATA = MetaData()
SOURCES = Table("sources", METADATA, Column("id", Integer, primary_key=True, autoincrement=False))
PRICES = Table(
    "prices",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("source", ForeignKey(SOURCES.c.id), nullable=False),
    Column("price", Integer),
    Column("note", Text),
    CheckConstraint("price > 0", name="positive"),
)
BATCH = [{"day": day, "source": 1, "price": 1, "note": "a"} for day in (2, 3)]
REFUSED = {"day": 4, "source": 1, "price": -1}


def counted(inserted=0, updated=0):
    return SimpleNamespace(inserted=inserted, updated=updated)


def insert_new(connection, table, rows):
    statement = insert_or(table).on_conflict_do_nothing().returning(table.c.day)
    with connection.begin_nested():
        return counted(len(connection.execute(statement.values(list(rows))).all()))


def upsert(connection, table, rows):
    inserted = updated = 0
    with connection.begin_nested():
        for row in rows:
            inserted += insert_new(connection, table, [row]).inserted
            differs = or_(*(table.c[name].is_distinct_from(row[name]) for name in row))
            changed = update(table).where(table.c.day == row["day"], differs).values(row)
            updated += connection.execute(changed).rowcount
    return counted(inserted, updated)


RIGHT = {"insert_new": insert_new, "upsert": upsert}


def writing(**functions):
    """A write path that is right except for these functions."""
    return Writes(**RIGHT | functions)


@pytest.fixture(scope="module")
def database(conformance_engine):
    with conformance_engine.database() as url:
        yield create_engine(url, poolclass=NullPool)


@pytest.fixture
def connection(database):
    """A connection to a database with these tables, without prices; a test may change them."""
    with database.connect() as connection:
        METADATA.create_all(connection)
        connection.execute(insert(SOURCES).values(id=1))
        connection.commit()
        yield connection
        connection.rollback()
        METADATA.drop_all(connection)
        connection.commit()


@pytest.fixture
def recorded():
    """What a check puts on the record, as pairs."""
    return []


@pytest.fixture
def holds(connection, monkeypatch, recorded):
    """A function that checks a property by its name."""

    def check(name, writes, *, table=PRICES, example=REFUSED):
        fixtures = {
            "hypertable": table,
            "writes": writes,
            "before": cache(partial(contents, connection)),
            "holds": lambda property_: property_(connection, BATCH),
            "examples": lambda _strategy, property_, **_: property_(connection, [example]),
            "populated": connection,
            "conformance_metadata": table.metadata,
            "record": lambda *item: recorded.append(item),
        }
        test = getattr(suite, f"test_{name}")
        test(*(fixtures[parameter] for parameter in signature(test).parameters))

    monkeypatch.setattr(suite, "_decompress", lambda *_: None)
    monkeypatch.setattr(suite, "ROWS_OF_A_LONG_CALL", 9)
    monkeypatch.setattr(suite, "CHANGED_ROWS", 2)
    return check


PROPERTIES = [
    "insert_new_keeps_the_first",
    "upsert_keeps_the_last",
    "precarious_values_are_kept",
    "a_long_call_writes_every_row",
    "order_and_pieces_do_not_matter",
    "a_second_row_of_a_key_is_refused",
    "a_rejected_row_leaves_nothing_behind",
    "foreign_keys_refuse",
    "checks_refuse",
]


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_right_table_and_write_path(holds, name):
    holds(name, writing())


def more(function, **counts):
    """The function, which also reports these counts."""

    def write(connection, table, rows):
        written = function(connection, table, rows)
        return SimpleNamespace(**{**vars(written), **counts})

    return write


def again(connection, table, rows):
    """insert_new, which reports a new row also where none is."""
    return counted(insert_new(connection, table, rows).inserted or 1)


def row_by_row(connection, table, rows):
    """insert_new, which keeps the rows before one that is refused."""
    return counted(sum(insert_new(connection, table, [row]).inserted for row in rows))


def loses(connection, table, rows):
    """upsert without the first row."""
    return upsert(connection, table, rows[1:])


def forgets(connection, table, rows):
    """insert_new or upsert, which deletes the rows that it finds."""
    if not (new := insert_new(connection, table, rows).inserted):
        connection.execute(delete(table).where(table.c.day.in_([row["day"] for row in rows])))
    return counted(new)


class Late:
    """insert_new or upsert, whose first call reports the rows that the later ones write."""

    def __init__(self):
        self._earlier = 0

    def __call__(self, connection, table, rows):
        self._earlier += 1
        if self._earlier == 1:
            return counted(len(rows))
        insert_new(connection, table, rows)
        return counted()


#: A property, the functions of the write path that are wrong, and what it says.
WRONG_WRITES = [
    ("insert_new_keeps_the_first", {"insert_new": more(insert_new, inserted=7)},
     "insert_new reports 7 new rows; 2 rows are new"),
    ("insert_new_keeps_the_first", {"insert_new": again}, "an existing row was inserted again"),
    ("upsert_keeps_the_last", {"upsert": more(upsert, inserted=2)},
     "an existing row was inserted again"),
    ("upsert_keeps_the_last", {"upsert": more(upsert, updated=2)}, "an equal row was updated"),
    ("insert_new_keeps_the_first", {"insert_new": Late()}, "2 rows are lost"),
    ("insert_new_keeps_the_first", {"insert_new": forgets}, "2 rows are lost"),
    ("upsert_keeps_the_last", {"upsert": Late()}, "2 rows are lost"),
    ("upsert_keeps_the_last", {"upsert": forgets}, "2 rows are lost"),
    ("precarious_values_are_kept", {"upsert": loses}, "rows are lost"),
    ("a_long_call_writes_every_row", {"insert_new": more(insert_new, inserted=0)},
     "insert_new reports 0 new rows; 1 rows are new"),
    ("a_long_call_writes_every_row", {"upsert": more(upsert, inserted=1)},
     "1 existing rows were inserted again"),
    ("a_long_call_writes_every_row", {"upsert": more(upsert, updated=99)},
     "99 rows were updated, 0 differ"),
    ("a_long_call_writes_every_row", {"upsert": lambda *_: counted()}, "rows are lost"),
    ("order_and_pieces_do_not_matter", {"upsert": loses}, "2 rows are lost"),
    ("a_rejected_row_leaves_nothing_behind", {"insert_new": row_by_row},
     "a refused call left rows"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "functions", "words"), WRONG_WRITES)
def test_a_wrong_write_path(holds, name, functions, words):
    with pytest.raises((AssertionError, pytest.fail.Exception), match=words):
        holds(name, writing(**functions))


def without_empty_notes(connection, table, rows):
    return upsert(connection, table, [row for row in rows if row["note"] != ""])


def first_of_many(connection, table, rows):
    return upsert(connection, table, rows if len(rows) == 1 else rows[:1])


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (without_empty_notes, "1 rows are lost"),
        (first_of_many, "rows are lost"),
    ],
)
def test_a_value_that_is_lost_is_shown_in_one_row(holds, recorded, function, reason):
    """A row with the value alone, if it is lost alone."""
    with pytest.raises(pytest.fail.Exception, match=reason):
        holds("precarious_values_are_kept", writing(upsert=function))
    (found,) = [json.loads(value) for name, value in recorded if name == "finding"]
    (shown,) = found["observed"]
    assert ("'price': 2147483647" in shown) is (function is first_of_many)


#: A property, the change of the table that it sees, and what it says.
WRONG_TABLES = [
    ("a_second_row_of_a_key_is_refused", "DROP CONSTRAINT prices_pkey",
     "the database accepted a second row of the key"),
    ("a_rejected_row_leaves_nothing_behind", "ALTER source DROP NOT NULL",
     "a row with NULL in source was accepted"),
    ("foreign_keys_refuse", "DROP CONSTRAINT prices_source_fkey",
     "a row whose source has no parent row was accepted"),
    ("checks_refuse", "DROP CONSTRAINT positive", "positive does not refuse the row"),
    ("checks_refuse", "ALTER note SET NOT NULL",
     "SQLSTATE 23502 refuses the row before positive does"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "words"), WRONG_TABLES)
def test_a_wrong_table(holds, connection, name, change, words):
    connection.exec_driver_sql(f"ALTER TABLE prices {change}")
    connection.commit()
    with pytest.raises(AssertionError, match=words):
        holds(name, writing())


@pytest.fixture
def server(monkeypatch):
    """A function that makes the server refuse otherwise: it is given the refusal of PostgreSQL."""
    right = suite._refusal

    def refuses(other):
        monkeypatch.setattr(suite, "_refusal", lambda at, write: other(at, right(at, write)))

    return refuses


@pytest.mark.parametrize("name", ["a_second_row_of_a_key_is_refused", "foreign_keys_refuse"])
def test_a_refusal_that_changes_the_table(holds, server, name):
    """TimescaleDB may move rows out of a compressed chunk before it refuses one."""

    def changes(connection, refused):
        insert_new(connection, PRICES, [BATCH[0] | {"day": 1}])
        return refused

    server(changes)
    with pytest.raises(AssertionError, match="a refused row changed the table"):
        holds(name, writing())


@pytest.mark.parametrize("change", [None, "DROP CONSTRAINT positive"])
def test_a_key_that_is_looked_for_before_a_check(holds, server, connection, change):
    """As TimescaleDB does in compressed rows. The check is tried once the key is free."""
    if change:
        connection.exec_driver_sql(f"ALTER TABLE prices {change}")
    connection.execute(insert(PRICES).values(REFUSED | {"price": 1}))
    connection.commit()
    server(lambda at, refused: "23505" if refused and contents(at, PRICES) else refused)
    words = "positive does not refuse the row"
    with pytest.raises(AssertionError, match=words) if change else nullcontext():
        holds("checks_refuse", writing())


def test_only_rows_of_the_same_key_are_removed(connection):
    connection.execute(insert(PRICES), BATCH)
    remove_same_keys(connection, PRICES, {"price": 1, "note": "a"})
    assert contents(connection, PRICES).total() == 2
    remove_same_keys(connection, PRICES, {"day": 2})
    assert contents(connection, PRICES).total() == 1


def test_a_check_behind_a_key_that_stays_is_not_tried(holds, server):
    """Rows of other tables may refer to the row of the key."""
    server(lambda *_: "23505")
    holds("checks_refuse", writing())


OTHERS = MetaData()
SOURCES.to_metadata(OTHERS)
COMPUTING = PRICES.to_metadata(OTHERS)
COMPUTING.append_column(Column("double", Integer, Computed("2 * price")))


@pytest.mark.parametrize("table", [PRICES, COMPUTING])
def test_a_number_out_of_range_is_none_of_a_check(holds, server, table):
    """The server computes generated columns first; in a table without them the check is late."""
    server(lambda *_: "22003")
    words = "SQLSTATE 22003 refuses the row before positive does"
    with pytest.raises(AssertionError, match=words) if table is PRICES else nullcontext():
        holds("checks_refuse", writing(), table=table)


#: Of hypertables, as far as a check asks for them: the rows go to plain tables.
HYPERTABLES = MetaData()
PLAIN, STRANGE = (
    Table(
        name,
        HYPERTABLES,
        Column("at", BigInteger, primary_key=True, autoincrement=False),
        Column("note", Text, nullable=False),
        *checks,
        Hypertable("at", chunk_interval=1_000, time_index=False),
    )
    for name, checks in [
        ("plain", []),
        ("strange", [CheckConstraint("md5(note) = 'x'", name="strange")]),
    ]
)


@pytest.mark.parametrize("name", ["checks_refuse", "every_table_accepts_its_rows"])
def test_a_check_that_is_not_understood_is_named(holds, connection, recorded, name):
    HYPERTABLES.create_all(connection)
    connection.commit()
    part = {"checks_refuse": "checks_refuse:strange"}.get(name, name)
    try:
        holds(name, writing(), table=STRANGE, example=("plain", {"at": 1, "note": "a"}))
    finally:
        HYPERTABLES.drop_all(connection)
        connection.commit()
    (found,) = [json.loads(value) for name, value in recorded if name == "part_not_checked"]
    assert found[0] == f"rows:strange:{part}"
    assert "(md5(note) = 'x') is not understood" in found[1]
