"""Data on their way from one server to another: a dump that is restored, or rows that are copied.

TimescaleDB keeps its catalog in tables, which a dump contains as they are: it can be restored
only where the extension has the same version ("Logical backup" in TimescaleDB's documentation,
"Versions are mismatched when dumping and restoring a database").
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

from conformance.declarations import tables_of
from conformance.engines.connecting import connect
from conformance.population.aggregates import refresh_aggregates
from conformance.upgrade.failures import WayFailed, WayNotOpen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import URL, Connection, MetaData, Table

_ARCHIVE = "timescaledb-conformance.dump"
#: pg_dump warns of TimescaleDB's catalog, whose tables refer to each other.
_HARMLESS = re.compile(r"^pg_(dump|restore): (warning|detail|hint): ")


class Client(Protocol):
    """Where pg_dump and pg_restore run."""

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """The exit code, and all that was said."""


class LocalClient:
    """A PostgreSQL client of this machine.

    Args:
        programs: the folder of its programs; None: those of the PATH.
    """

    def __init__(self, programs: Path | None = None) -> None:
        self._path = None if programs is None else str(programs)

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """The exit code, and all that was said.

        Raises:
            WayNotOpen: there is no such program.
        """
        program = shutil.which(command[0], path=self._path)
        if program is None:
            raise WayNotOpen(f"{command[0]} is not installed on this machine")
        done = subprocess.run(  # noqa: S603 - the program was looked up, the arguments are ours
            [program, *command[1:]],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout


def check_client(client: Client, postgresql: str) -> None:
    """See that the client can dump from, and restore into, a server of the version.

    Raises:
        WayNotOpen: it is missing or too old.
    """
    major = int(postgresql.split(".", maxsplit=1)[0])
    for program in ("pg_dump", "pg_restore"):
        _, said = client.run([program, "--version"], {})
        found = re.search(r"\) (\d+)", said)
        if found is None:
            raise WayNotOpen(f"{program} does not tell its version: {said.strip()}")
        if int(found[1]) < major:
            raise WayNotOpen(f"{program} is of PostgreSQL {found[1]}, the server of {major}")


def dump_and_restore(client: Client, source: URL, target: URL, folder: str) -> None:
    """Bring the database into another, which has the extension in the same version.

    Args:
        source: as the client reaches it.
        target: likewise.
        folder: where the client may write.

    Raises:
        WayFailed: pg_dump or pg_restore fails.
    """
    archive = f"{folder}/{_ARCHIVE}"
    _run(client, ["pg_dump", "--format=custom", f"--file={archive}"], source)
    _run(client, ["pg_restore", "--exit-on-error", archive], target)


def _run(client: Client, command: list[str], url: URL) -> None:
    # What stands on a command line can be read by everybody on the machine.
    password = url.password or url.query.get("password")
    address = url._replace(drivername="postgresql", password=None)
    address = address.difference_update_query(["password"])
    environment = {"PGPASSWORD": str(password)} if password else {}
    code, said = client.run([*command, f"--dbname={address.render_as_string()}"], environment)
    if code:
        lines = [line for line in said.splitlines() if line and not _HARMLESS.match(line)]
        raise WayFailed(f"{command[0]} fails: {lines[0] if lines else f'exit code {code}'}")


def copy_rows(source: URL, target: URL, metadata: MetaData) -> None:
    """All rows of the metadata's tables into the same, empty tables of another database.

    Continuous aggregates materialize them there anew.

    What TimescaleDB's documentation advises where a dump cannot be restored ("Migrate schema and
    data separately"): `COPY (SELECT ...) TO`, since a hypertable itself is empty.

    Raises:
        sqlalchemy.exc.DBAPIError, psycopg2.Error: rows cannot be read or are refused.
    """
    with connect(source) as reading, connect(target) as writing:
        for table in tables_of(metadata):
            _copy(reading, writing, table)
        writing.commit()
    with connect(target, autocommit=True) as connection:
        refresh_aggregates(connection)


def _copy(reading: Connection, writing: Connection, table: Table) -> None:
    preparer = reading.dialect.identifier_preparer
    name = preparer.format_table(table)
    stored = [column for column in table.columns if column.computed is None]
    columns = ", ".join(preparer.quote(column.name) for column in stored)
    with tempfile.TemporaryFile() as file:
        out = f"COPY (SELECT {columns} FROM {name}) TO STDOUT"
        reading.connection.cursor().copy_expert(out, file)
        file.seek(0)
        writing.connection.cursor().copy_expert(f"COPY {name} ({columns}) FROM STDIN", file)
    for column in stored:
        _go_on_counting(writing, name, preparer.quote(column.name), column.name)


def _go_on_counting(connection: Connection, table: str, quoted: str, column: str) -> None:
    """Let the column's sequence, if it has one, go on after the largest value.

    Sequences are no rows: without this the next row would get a number that is taken.
    """
    owned = "SELECT pg_catalog.pg_get_serial_sequence(:table, :column)"
    sequence = connection.scalar(text(owned), {"table": table, "column": column})
    if sequence is not None:
        largest = f"SELECT pg_catalog.setval(:sequence, max({quoted})) FROM {table}"
        connection.execute(text(largest), {"sequence": sequence})
