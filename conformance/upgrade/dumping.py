"""Transfer data from one server to another: dump and restore, or copy the rows.

A dump contains the tables of TimescaleDB's catalog, so that it can be restored only with the same
version of the extension (TimescaleDB's documentation, "Logical backup" and "Versions are mismatched
when dumping and restoring a database").
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

from conformance.comparing.tokens import quoted, quoted_table
from conformance.declarations import tables_of
from conformance.engines.connecting import CONNECT_TIMEOUT, connect, lost_connection
from conformance.engines.server.answering import ended_if_lost
from conformance.population.aggregates import refresh_aggregates
from conformance.population.foreign import without_foreign
from conformance.upgrade.failures import WayFailed, WayUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import URL, Connection, MetaData, Table

_ARCHIVE = "timescaledb-conformance.dump"
#: Messages without errors: pg_dump warns about circular references in TimescaleDB's catalog.
_HARMLESS = re.compile(r"^pg_(dump|restore): (warning|detail|hint): ")

#: What libpq says of a connection that is lost, or that is not made.
_LOST = re.compile(
    r"server closed the connection|could not (receive|send) data|lost synchronization"
    r"|terminating connection|connection to server .* failed|SSL SYSCALL error|timeout expired"
)

_KEY = "violates foreign key constraint"
#: Seen in 2.28 and 2.29: PostgreSQL's query for the rows of a new key names the hypertable ONLY,
#: which means its chunks as well, except while timescaledb.restoring is on.
_KEY_HINT = (
    ". If the key refers to a hypertable: a new key finds no rows of a hypertable while a dump is "
    "restored. Restore without the key (pg_restore --use-list), and add it after "
    "timescaledb_post_restore()"
)


class Client(Protocol):
    """Runs pg_dump and pg_restore."""

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run a program, and return its exit code and output."""


class LocalClient:
    """A PostgreSQL client of this machine.

    Args:
        programs: the folder of its programs; None for those on PATH.
    """

    def __init__(self, programs: Path | None = None) -> None:
        self._path = None if programs is None else str(programs)
        self._process: subprocess.Popen[str] | None = None

    def run(self, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run a program, and return its exit code and output.

        Raises:
            WayUnavailable: the program is not installed.
        """
        program = shutil.which(command[0], path=self._path)
        if program is None:
            raise WayUnavailable(f"{command[0]} is not installed on this machine")
        with (
            subprocess.Popen(  # noqa: S603 - the program was looked up, the arguments are ours
                [program, *command[1:]],
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as self._process
        ):
            try:
                output, _ = self._process.communicate()
            except BaseException:
                self._process.kill()
                raise
        return self._process.returncode, output

    def end(self) -> None:
        """Kill the program that runs, from another thread."""
        if self._process is not None:
            self._process.kill()


def check_client(client: Client, postgresql: str) -> None:
    """Check that the client supports servers of the version.

    Raises:
        WayUnavailable: the client is missing or too old.
    """
    major = int(postgresql.split(".", maxsplit=1)[0])
    for program in ("pg_dump", "pg_restore"):
        _, output = client.run([program, "--version"], {})
        found = re.search(r"\) (\d+)", output)
        if found is None:
            raise WayUnavailable(f"{program} does not print its version: {output.strip()}")
        if int(found[1]) < major:
            raise WayUnavailable(
                f"{program} of PostgreSQL {found[1]} is older than the server, PostgreSQL {major}"
            )


def dump_and_restore(
    client: Client, source: URL, target: URL, folder: str, home: str | None = None
) -> None:
    """Dump a database and restore it into another one with the same version of the extension.

    Args:
        source: the URL of the database, as the client reaches it.
        target: the URL of the other database, as the client reaches it.
        folder: a folder that the client can write to.
        home: the schema of the extension, which the other database has already, and the dump
            creates; None for the default schema, which no dump creates.

    Raises:
        WayFailed: pg_dump or pg_restore fails.
        EngineUnavailable: one of them loses its connection.
    """
    archive = f"{folder}/{_ARCHIVE}"
    _run(client, ["pg_dump", "--format=custom", f"--file={archive}"], source)
    if home is None:
        _run(client, ["pg_restore", "--exit-on-error", archive], target)
    else:
        _run(client, ["pg_restore", archive], target, f'schema "{home}" already exists')


def _run(client: Client, command: list[str], url: URL, usual: str = "") -> None:
    """Run a program; `usual` is how an error ends that is none."""
    # All users of the machine can read command lines, so that a password must not be on one.
    password = url.password or url.query.get("password")
    address = url._replace(drivername="postgresql", password=None)
    address = address.difference_update_query(["password"])
    environment = {"PGPASSWORD": str(password)} if password else {}
    code, output, lost = _watched(client, command, address, environment, url)
    if code:
        lines = [line for line in output.splitlines() if line and not _HARMLESS.match(line)]
        if lost or any(map(_LOST.search, lines)):
            raise lost_connection(command[0])
        if usual:
            lines = [line for line in lines if "error: " in line and not line.endswith(usual)]
            if not lines:
                return
        reason = lines[0] if lines else f"exit code {code}"
        raise WayFailed(f"{command[0]} fails: {reason}{_KEY_HINT if _KEY in reason else ''}")


def _watched(
    client: Client, command: list[str], address: URL, environment: dict[str, str], url: URL
) -> tuple[int, str, bool]:
    """Exit code, output, and whether the program was ended because no answer came."""
    if not isinstance(client, LocalClient):
        # Nothing is between the server and a client in its container.
        return *client.run([*command, _named(address)], environment), False
    name = f"conformance_{secrets.token_hex(4)}"
    known = {"connect_timeout": str(CONNECT_TIMEOUT), **address.query, "application_name": name}
    with ended_if_lost(url, name, client.end) as lost:
        code, output = client.run([*command, _named(address.set(query=known))], environment)
    return code, output, lost.is_set()


def _named(address: URL) -> str:
    return f"--dbname={address.render_as_string()}"


def copy_rows(source: URL, target: URL, metadata: MetaData) -> None:
    """Copy all rows of the metadata's tables into the same, empty tables of another database.

    Continuous aggregates of the other database are then refreshed. Rows of foreign tables are on
    another server, where both databases see them.

    TimescaleDB's documentation advises this where a dump cannot be restored ("Migrate schema and
    data separately"). It uses `COPY (SELECT ...) TO`, since a hypertable itself is empty.

    Raises:
        sqlalchemy.exc.DBAPIError, psycopg2.Error: the rows cannot be read or written.
    """
    with connect(source) as reading, connect(target) as writing:
        for table in without_foreign(reading, tables_of(metadata)):
            _copy(reading, writing, table)
        writing.commit()
    with connect(target, autocommit=True) as connection:
        refresh_aggregates(connection)


def _copy(reading: Connection, writing: Connection, table: Table) -> None:
    name = quoted_table(table)
    stored = [column for column in table.columns if column.computed is None]
    columns = ", ".join(quoted(column.name) for column in stored)
    with tempfile.TemporaryFile() as file:
        out = f"COPY (SELECT {columns} FROM {name}) TO STDOUT"
        reading.connection.cursor().copy_expert(out, file)
        file.seek(0)
        writing.connection.cursor().copy_expert(f"COPY {name} ({columns}) FROM STDIN", file)
    for column in stored:
        _advance_sequence(writing, name, column.name)


def _advance_sequence(connection: Connection, table: str, column: str) -> None:
    """Advance the column's sequence, if it has one, to the largest value.

    Copying rows does not advance sequences: the next row would get a number that is in use.
    """
    owned = "SELECT pg_catalog.pg_get_serial_sequence(:table, :column)"
    sequence = connection.scalar(text(owned), {"table": table, "column": column})
    if sequence is not None:
        largest = f"max({quoted(column)})) FROM {table}".replace("%", "%%")
        connection.exec_driver_sql(
            f"SELECT pg_catalog.setval(%(sequence)s, {largest}", {"sequence": sequence}
        )
