"""The Flask application of a project that uses Flask-Migrate: its env.py reads its settings."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from conformance.errors import MigrationFailed, describe_error
from conformance.project.configuration import SECTION, Configuration
from conformance.project.surroundings import hint_at_module, hint_at_variable, mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config

#: Where Flask-SQLAlchemy has further databases, and what Flask-Migrate's env.py of several reads.
_BINDS = "SQLALCHEMY_BINDS"
#: The key of the project's configuration in the attributes of Alembic's.
PROJECT = "conformance project"

_HINT = (
    f'Set flask_app = "package.module:create_app" in [{SECTION}] of pyproject.toml, or set'
    " FLASK_APP; the value is that of the option --app of flask."
)


@contextmanager
def in_application(config: Config) -> Iterator[None]:
    """Enter the application context if env.py needs one, as `flask db upgrade` does.

    Raises:
        MigrationFailed: the application was not found or cannot be created, or env.py migrates
            several databases of it: its connections would be led to one, and wait for each other.
    """
    if not mentions(config, "current_app"):
        yield
        return
    project: Configuration = config.attributes.get(PROJECT) or Configuration()
    named_one = project.flask_app or os.environ.get("FLASK_APP")
    application = _application(named_one, project.models)
    binds = application.config.get(_BINDS)
    if binds and mentions(config, _BINDS):
        raise MigrationFailed(
            f"env.py migrates {1 + len(binds)} databases (that of the application, and"
            f" {', '.join(binds)}), and the suite has one.",
            f"Name an application without {_BINDS} with flask_app in [{SECTION}] of pyproject.toml,"
            " and the models of its database with --models.",
        )
    with application.app_context():
        yield


@cache
def _application(named_one: str | None, models: tuple[str, ...]) -> Any:
    """The configured application, else that of wsgi.py or app.py, else one beside the models."""
    if find_spec("flask") is None:
        raise MigrationFailed(
            "env.py needs a Flask application, but Flask is not installed here.",
            "Install timescaledb-conformance into the environment of the project.",
        )
    if named_one is not None:
        return _loaded(named_one)
    modules = [reference.partition(":")[0] for reference in models]
    packages = [name.rpartition(".")[0] for name in modules if "." in name]
    failed: MigrationFailed | None = None
    for place in (None, *modules, *packages):
        try:
            return _loaded(place)
        except MigrationFailed as error:
            # One that is there and fails says more than the places where there is none.
            failed = failed or (error if _is_there(error.__cause__) else None)
    raise failed or MigrationFailed("env.py needs a Flask application, but none was found.", _HINT)


def _loaded(place: str | None) -> Any:
    from flask.cli import ScriptInfo

    try:
        return ScriptInfo(app_import_path=place, set_debug_flag=False).load_app()
    # The application is code of the project: it may raise anything.
    except (Exception, SystemExit) as error:
        found = _is_there(error)
        cause = _cause(error) if found else error
        raise MigrationFailed(
            f"The Flask application {place or 'of this folder'} cannot be created:"
            f" {describe_error(cause)}.",
            _hint_at(cause, place) if found else _HINT,
        ) from error


def _is_there(error: BaseException | None) -> bool:
    """Whether flask found a module that raised the error."""
    from flask.cli import NoAppException

    return not isinstance(error, NoAppException) or "While importing" in str(error)


def _cause(error: BaseException) -> BaseException:
    """The error of the application: flask puts its traceback into a message of its own."""
    from flask.cli import NoAppException

    return (isinstance(error, NoAppException) and error.__context__) or error


def _hint_at(error: BaseException, place: str | None) -> str:
    if isinstance(error, ModuleNotFoundError):
        return hint_at_module(error)
    command = f"flask --app {place} routes" if place else "flask routes"
    return hint_at_variable(error) or f"Correct it: '{command}' shows the same error."
