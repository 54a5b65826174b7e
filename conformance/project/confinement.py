"""While somebody's migration runs: whatever it connects to, it reaches the database meant for it.

Its connections are led there, and the environment and `sqlalchemy.url` name it, for an env.py that
looks there, or that runs another program.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from conformance.engines.addresses import BACKENDS, libpq_parameters, written_for
from conformance.errors import MigrationFailed
from conformance.project.flask_app import in_application
from conformance.project.leading import leading_to, refusing
from conformance.project.left_out import LEFT_OUT, LeftOut
from conformance.project.surroundings import mentions, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.config import Config
    from sqlalchemy import URL

#: libpq's variables, by the parameter that each stands for.
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

#: What migrations that only print their SQL may ask for; there is nothing to connect to.
NOWHERE = make_url("postgresql+psycopg2://nowhere/offline")


@contextmanager
def confined(config: Config, url: URL) -> Iterator[None]:
    """Like `only_to`, with all that env.py expects; `sqlalchemy.url` names the database as well.

    Both keep the dialect and the driver that the project has there.

    Raises:
        MigrationFailed: env.py wants a Flask application, and there is none.
    """
    theirs = _drivername(config)
    # In an ini file a percent sign is doubled.
    config.set_main_option("sqlalchemy.url", _text(url, theirs).replace("%", "%%"))
    left_out: LeftOut | None = config.attributes.get(LEFT_OUT)
    leaving_out = left_out.applied() if left_out else nullcontext()
    with only_to(url, theirs), quiet(), leaving_out, in_application(config):
        yield


@contextmanager
def only_to(url: URL, drivername: str = "postgresql+psycopg2") -> Iterator[None]:
    """Lead what this thread connects to to this database, and name it to an env.py that asks.

    A migration must never reach a database that is not ours, even where its env.py ignores the
    connection that it is given.

    Args:
        drivername: of DATABASE_URL, where it is not set.
    """
    own = _backend_of(os.environ.get(_ADDRESS, ""))
    known = libpq_parameters(url)
    variables = {_ADDRESS: _text(url, own or drivername)}
    # A server that is only named by these variables stays named by them.
    if "host" in known:
        variables |= {name: str(known.get(key, "")) for name, key in _PG_VARIABLES.items()}
    with _environment(variables), leading_to(url):
        yield


@contextmanager
def nowhere(config: Config) -> Iterator[None]:
    """Refuse every connection: migrations that only print their SQL have nothing to connect to."""
    theirs = _drivername(config)
    address = _text(NOWHERE, theirs)
    config.set_main_option("sqlalchemy.url", address)
    with _environment({_ADDRESS: address}), refusing(_offline), quiet(), in_application(config):
        yield


def _offline() -> MigrationFailed:
    return MigrationFailed(
        "env.py connects to a database where it is to print SQL only; the connection was refused.",
        "Let it ask context.is_offline_mode() before it connects.",
    )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these variables, and unset those that are empty."""
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
    """Dialect and driver of the project: those of its URL, else what its env.py looks like."""
    # An ini file may hold %(NAME)s, for env.py to fill in.
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
    """Dialect and driver of a URL of a PostgreSQL database."""
    try:
        name = make_url(text).drivername
    except (ArgumentError, ValueError):
        return None
    return name if name.partition("+")[0] in BACKENDS else None


def _can_connect(drivername: str) -> bool:
    """Whether there is such a dialect, and its driver is installed."""
    try:
        make_url(f"{drivername}://").get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError):
        return False
    return True
