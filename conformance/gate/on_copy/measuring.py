"""Measure how much WAL the server writes, and how large a database grows, while statements run."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2

from conformance.engines.connecting import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

#: Seconds between two looks at the size, which reads the folder of the database.
_PAUSE = 0.25
#: WAL as far as it is inserted, and the files of the database, those of running transactions too.
_NOW = """
SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::bigint,
       pg_catalog.pg_database_size(pg_catalog.current_database())
"""
#: Sorts of index builds lie in temporary files, which only members of pg_monitor may list. Those
#: that the processes of a parallel build share lie in folders, which only superusers may list.
_TEMPORARY = """
SELECT coalesce(sum(size), 0)::bigint FROM pg_catalog.pg_ls_tmpdir()
"""
_SHARED = """
WITH folder AS (
    SELECT 'base/pgsql_tmp/' || name AS path
      FROM pg_catalog.pg_ls_dir('base/pgsql_tmp', true, false) AS name
     WHERE name ~ '[.]fileset$'
), size AS (
    SELECT (pg_catalog.pg_stat_file(path || '/' || name, true)).size
      FROM folder, pg_catalog.pg_ls_dir(path, true, false) AS name
     UNION ALL
    SELECT size FROM pg_catalog.pg_ls_tmpdir()
)
SELECT coalesce(sum(size), 0)::bigint FROM size
"""


@dataclass(frozen=True)
class Reading:
    """One look.

    Attributes:
        wal: bytes of WAL since the server was made.
        size: bytes of the database.
    """

    wal: int
    size: int


def read(cursor: Any) -> Reading:
    """Look with a cursor of a session whose transaction has not failed."""
    cursor.execute(_NOW)
    return Reading(*cursor.fetchone())


class Peak:
    """The largest size that a thread has seen since it was last asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._largest = 0
        self._ever = 0

    @property
    def ever(self) -> int:
        """The largest size of all."""
        return self._ever

    def see(self, size: int) -> None:
        """Take note of a size."""
        with self._lock:
            self._largest = max(self._largest, size)
            self._ever = max(self._ever, size)

    def take(self) -> int:
        """The largest size since the last call."""
        with self._lock:
            largest, self._largest = self._largest, 0
        return largest


@contextmanager
def peak_of(url: URL) -> Iterator[Peak]:
    """Watch the size of the database from a session and a thread of its own."""
    peak, done = Peak(), threading.Event()
    with connect(url, autocommit=True) as connection:
        thread = threading.Thread(target=_watch, args=(connection, peak, done), daemon=True)
        thread.start()
        try:
            yield peak
        finally:
            done.set()
            thread.join()


def _watch(connection: Connection, peak: Peak, done: threading.Event) -> None:
    raw: Any = connection.connection
    with raw.cursor() as cursor:
        temporary = _of_temporary_files(cursor)
        # A lost connection ends the watch; the rehearsal reports it.
        with suppress(psycopg2.Error):
            while not done.is_set():
                size = read(cursor).size
                if temporary is not None:
                    cursor.execute(temporary)
                    size += int(cursor.fetchone()[0])
                peak.see(size)
                done.wait(_PAUSE)


def _of_temporary_files(cursor: Any) -> str | None:
    """The query for their size that the role may send; None if it may send none."""
    for query in (_SHARED, _TEMPORARY):
        with suppress(psycopg2.Error):
            cursor.execute(query)
            return query
    return None
