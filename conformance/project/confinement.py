"""Confine a project's migration to one database, whatever it connects to.

Its connections are redirected to that database. Environment variables and `sqlalchemy.url` name the
database, too, for an env.py that reads them or that runs another program.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from conformance.engines.addresses import BACKENDS, libpq_parameters, written_for
from conformance.errors import ConnectedOffline, MigrationFailed
from conformance.project.flask_app import in_application
from conformance.project.leading import redirecting_to, refusing
from conformance.project.left_out import LEFT_OUT, LeftOut
from conformance.project.surroundings import mapping_again, mentions, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.config import Config
    from sqlalchemy import URL

#: libpq's environment variable -> its connection parameter.
_PG_VARIABLES = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGDATABASE": "dbname",
    "PGSSLMODE": "sslmode",
    "PGSERVICE": "service",
}
_ADDRESS = "DATABASE_URL"

#: The address for migrations that only print SQL; nothing listens there.
NOWHERE = make_url("postgresql+psycopg2://nowhere/offline")


@contextmanager
def confined(config: Config, url: URL) -> Iterator[None]:
    """Run env.py in its usual surroundings, with every connection redirected to this database.

    `sqlalchemy.url` and DATABASE_URL name the database with the project's dialect and driver.

    Raises:
        MigrationFailed: env.py needs a Flask application, and none was found.
    """
    drivername = _drivername(config)
    # In an ini file a percent sign is doubled.
    config.set_main_option("sqlalchemy.url", _text(url, drivername).replace("%", "%%"))
    left_out: LeftOut | None = config.attributes.get(LEFT_OUT)
    leaving_out = left_out.applied() if left_out else nullcontext()
    with only_to(url, drivername), quiet(), mapping_again(), leaving_out, in_application(config):
        yield


@contextmanager
def only_to(url: URL, drivername: str = "postgresql+psycopg2") -> Iterator[None]:
    """Redirect every connection of this thread to this database; set DATABASE_URL to it.

    A migration must never reach another database, even if its env.py ignores the connection that it
    is given.

    Args:
        drivername: the dialect and driver of DATABASE_URL, where the variable is not set.
    """
    known = libpq_parameters(url)
    variables = _address(url, drivername)
    # A URL without a host means the server that these variables name: keep them.
    if "host" in known:
        variables |= {name: str(known.get(key, "")) for name, key in _PG_VARIABLES.items()}
    with _environment(variables), redirecting_to(url):
        yield


@contextmanager
def nowhere(config: Config) -> Iterator[None]:
    """Refuse every connection: migrations that only print SQL must not connect."""
    drivername = _drivername(config)
    config.set_main_option("sqlalchemy.url", _text(NOWHERE, drivername))
    with (
        _environment(_address(NOWHERE, drivername)),
        refusing(_offline),
        quiet(),
        mapping_again(),
        in_application(config),
    ):
        yield


def _offline() -> MigrationFailed:
    return ConnectedOffline(
        "env.py or a revision connects to a database in offline mode, in which it should only print"
        " SQL; the connection was refused.",
        "Ask context.is_offline_mode() before connecting.",
    )


def _address(url: URL, drivername: str) -> dict[str, str]:
    """DATABASE_URL of this database, with the dialect and driver that the variable has now."""
    own = _backend_of(os.environ.get(_ADDRESS, ""))
    return {_ADDRESS: _text(url, own or drivername)}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these environment variables; unset those with an empty value."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set({name: value or "" for name, value in before.items()})


def _set(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)


def _text(url: URL, drivername: str) -> str:
    return written_for(url, drivername).render_as_string(hide_password=False)


def _drivername(config: Config) -> str:
    """The dialect and driver of the project's URL; without one, a guess from its env.py."""
    # An ini file may contain %(NAME)s, which env.py fills in.
    with suppress(Exception):
        if own := _backend_of(config.get_main_option("sqlalchemy.url") or ""):
            return own if _can_connect(own) else "postgresql+psycopg2"
    if mentions(config, "async"):
        return next(
            (f"postgresql+{name}" for name in ("asyncpg", "psycopg") if find_spec(name)),
            "postgresql+asyncpg",
        )
    return "postgresql+psycopg2"


def _backend_of(text: str) -> str | None:
    """The dialect and driver of a URL; None unless it is one of a PostgreSQL database."""
    try:
        name = make_url(text).drivername
    except (ArgumentError, ValueError):
        return None
    return name if name.partition("+")[0] in BACKENDS else None


def _can_connect(drivername: str) -> bool:
    """Whether SQLAlchemy knows the dialect and the driver is installed."""
    try:
        make_url(f"{drivername}://").get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError):
        return False
    return True
