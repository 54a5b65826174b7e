"""The ways to rehearse: in a transaction that is rolled back, on a second copy, or for good."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect, place, words_of
from conformance.engines.server.throwaway import ThrowawayDatabases
from conformance.errors import ConformanceError, EngineUnavailable
from conformance.gate.on_copy.admission import CopyRefused
from conformance.gate.on_copy.mark import unfinished
from conformance.gate.on_copy.workers import kept_away, stop_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from conformance.gate.on_copy.admission import Admitted

#: Databases that every server has, for statements about other databases.
_MAINTENANCE = ("postgres", "template1")
_SETTINGS = text("""
SELECT pg_catalog.unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting
 WHERE setrole = 0
   AND setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = :name)
""")


@contextmanager
def second_copy(copy: Admitted) -> Iterator[URL]:
    """A copy of the copy on its server, with the same settings; dropped at the end.

    Raises:
        EngineUnavailable: the server does not make one.
    """
    if not copy.may_create:
        raise CopyRefused(
            f"Role {copy.role} may not create databases, so that no second copy can be made.",
            f'Ask an administrator to run ALTER ROLE "{copy.role}" CREATEDB, or use another role.',
        )
    elsewhere = _maintenance(copy)
    databases = ThrowawayDatabases(elsewhere)
    try:
        databases.open()
        with ExitStack() as stack:
            with kept_away(copy, elsewhere):
                url = stack.enter_context(databases.copy_of(copy.name))
            _same_settings(copy, url)
            if copy.superuser:
                with connect(url, autocommit=True) as connection:
                    stop_workers(connection)
            yield url
    finally:
        databases.close()


def watched_from(copy: Admitted) -> URL:
    """From which database the sessions of a rehearsal are watched.

    A copy keeps new connections to its source waiting. It needs another database, as this does.
    """
    try:
        return _maintenance(copy)
    except CopyRefused:
        return copy.url


def take_mark_off(copy: Admitted, revision: str) -> None:
    """Take the mark off a copy that is changed for good, so that a killed rehearsal is noticed."""
    _comment(copy, unfinished(revision))


def mark_again(copy: Admitted) -> None:
    """Put the mark of the copy back."""
    _comment(copy, copy.comment)


def drop(copy: Admitted) -> None:
    """Drop the copy.

    Raises:
        ConformanceError: the server refuses to drop it.
    """
    try:
        with connect(_maintenance(copy), autocommit=True) as connection:
            drop = f"DROP DATABASE {copy.quoted}"
            connection.exec_driver_sql(drop, execution_options={"no_parameters": True})
    except DBAPIError as error:
        raise ConformanceError(
            f"The copy was upgraded, but cannot be dropped: {words_of(error, copy.url)}.",
            f"Drop it by hand: DROP DATABASE {copy.quoted}.",
        ) from None


def _comment(copy: Admitted, words: str) -> None:
    literal = words.replace("'", "''")
    with connect(copy.url, autocommit=True) as connection:
        connection.exec_driver_sql("SET standard_conforming_strings = on")
        connection.exec_driver_sql(
            f"COMMENT ON DATABASE {copy.quoted} IS '{literal}'".replace("%", "%%")
        )


def _maintenance(copy: Admitted) -> URL:
    """The URL of a database of the server that is not the copy."""
    failed: EngineUnavailable | None = None
    for name in _MAINTENANCE:
        url = copy.url.set(database=name)
        if name != copy.name:
            try:
                with connect(url):
                    return url
            except EngineUnavailable as error:
                failed = failed or error
    assert failed is not None
    raise CopyRefused(
        f"No other database of the server at {place(copy.url)} can be reached: {failed.problem}",
        "Let the role connect to the database postgres.",
    )


def _same_settings(copy: Admitted, url: URL) -> None:
    """What ALTER DATABASE ... SET says of the copy, which CREATE DATABASE does not take over."""
    with connect(url, autocommit=True) as connection:
        for setting in connection.scalars(_SETTINGS, {"name": copy.name}).all():
            name, _, value = setting.partition("=")
            # A list of names is kept as it was written, with its quotes.
            with suppress(DBAPIError):
                connection.execute(
                    text("SELECT pg_catalog.set_config(:name, :value, false)"),
                    {"name": name, "value": value},
                )
                connection.exec_driver_sql(
                    f'ALTER DATABASE "{url.database}" SET {name} FROM CURRENT'
                )
