"""The Flask application of a project that uses Flask-Migrate: its env.py asks it for everything."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from conformance.errors import MigrationFailed, describe_error
from conformance.project.configuration import SECTION, Configuration
from conformance.project.surroundings import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config

#: Under which Alembic's configuration knows the project's.
PROJECT = "conformance project"

_HINT = (
    'Name it as the option --app of flask takes it: flask_app = "package.module:create_app" below'
    f" [{SECTION}] in pyproject.toml, or in FLASK_APP."
)


@contextmanager
def in_application(config: Config) -> Iterator[None]:
    """Enter the context of the application where env.py wants one, as `flask db upgrade` does.

    Raises:
        MigrationFailed: there is no application, or it cannot be made.
    """
    if not mentions(config, "current_app"):
        yield
        return
    project: Configuration = config.attributes.get(PROJECT) or Configuration()
    named_one = project.flask_app or os.environ.get("FLASK_APP")
    with _application(named_one, project.models).app_context():
        yield


@cache
def _application(named_one: str | None, models: tuple[str, ...]) -> Any:
    """The one that is named, else the one of wsgi.py or app.py, else that beside the models."""
    if find_spec("flask") is None:
        raise MigrationFailed(
            "env.py runs in a Flask application, and Flask is not installed here.",
            "Install the tool where the project's own packages are.",
        )
    if named_one is not None:
        return _loaded(named_one)
    modules = [reference.partition(":")[0] for reference in models]
    packages = [name.rpartition(".")[0] for name in modules if "." in name]
    for place in (None, *modules, *packages):
        try:
            return _loaded(place)
        except MigrationFailed:
            continue
    raise MigrationFailed("env.py runs in a Flask application, and none was found.", _HINT)


def _loaded(place: str | None) -> Any:
    from flask.cli import ScriptInfo

    try:
        return ScriptInfo(app_import_path=place, set_debug_flag=False).load_app()
    # The application is anybody's code.
    except (Exception, SystemExit) as error:
        raise MigrationFailed(
            f"The Flask application {place or 'of this folder'} cannot be made:"
            f" {describe_error(error)}.",
            _HINT,
        ) from error
