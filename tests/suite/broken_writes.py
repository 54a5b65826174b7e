"""Write paths that are right while nothing goes wrong and nobody else writes.

Sources of modules that `--writes` names, once they lie in a folder of the project.
"""

from __future__ import annotations

COMMITS_IN_THE_MIDDLE = '''
"""Commits after the first half of the rows."""

from models.writes import Written, insert_new as insert_all, upsert as upsert_all


def insert_new(connection, model, rows):
    return in_halves(insert_all, connection, model, rows)


def upsert(connection, model, rows):
    return in_halves(upsert_all, connection, model, rows)


def in_halves(write, connection, model, rows):
    middle = len(rows) // 2
    first = write(connection, model, rows[:middle])
    connection.commit()
    second = write(connection, model, rows[middle:])
    return Written(len(rows), first.inserted + second.inserted, first.updated + second.updated,
                   first.already_there + second.already_there)
'''

LOOKS_INSTEAD_OF_A_CONFLICT_CLAUSE = '''
"""Inserts what it has not found, without a conflict clause."""

from sqlalchemy import insert, select

from models.writes import Written, natural_key, upsert


def insert_new(connection, model, rows):
    inserted = sum(insert_row(connection, model.__table__, row) for row in rows)
    return Written(len(rows), inserted, 0, len(rows) - inserted)


def insert_row(connection, table, row):
    key = [table.c[name].is_not_distinct_from(row[name]) for name in natural_key(table)]
    if connection.scalar(select(select(table).where(*key).exists())):
        return 0
    connection.execute(insert(table).values(row))
    return 1
'''

WRITES_ONE_BATCH = '''
"""Writes the first batch of a call alone."""

from models import writes


def insert_new(connection, model, rows):
    return writes.insert_new(connection, model, rows[:5_000])


def upsert(connection, model, rows):
    return writes.upsert(connection, model, rows[:5_000])
'''

#: Of fewer rows: how many are too many is found by halves, each of which is written.
UPDATES_ONE_BATCH = WRITES_ONE_BATCH.replace(
    "writes.insert_new(connection, model, rows[:5_000])",
    "writes.insert_new(connection, model, rows)",
).replace("5_000", "300")

UPDATES_EQUAL_ROWS_OF_LONG_CALLS = '''
"""Updates rows that are equal, beyond the first hundred."""

from dataclasses import replace

from models.writes import insert_new, upsert as upsert_all


def upsert(connection, model, rows):
    written = upsert_all(connection, model, rows)
    return replace(written, updated=written.updated + max(0, written.already_there - 100))
'''

CARELESS = '''
"""Keeps the rows before one that is refused, and counts all equal rows as updated."""

from dataclasses import replace

from models import writes
from models.writes import Written


def insert_new(connection, model, rows):
    new = 0
    for row in rows:
        with connection.begin_nested():
            new += writes.insert_new(connection, model, [row]).inserted
    return Written(len(rows), new, 0, len(rows) - new)


def upsert(connection, model, rows):
    written = writes.upsert(connection, model, rows)
    return replace(written, updated=written.updated + written.already_there)
'''


def with_writes(project, source):
    """The options that have the project's rows written by these functions.

    They lie where no migration looks, so that the databases of one run are those of the next.
    """
    (project / "tests").mkdir()
    (project / "tests/broken_writes.py").write_text(source)
    return "--writes", "tests.broken_writes"
