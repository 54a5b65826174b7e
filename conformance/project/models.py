"""Import the models and the write path of the project."""

from __future__ import annotations

import importlib
import sys
import traceback
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, Select
from sqlalchemy.exc import ArgumentError

from conformance.errors import ModelsUnavailable, describe_error
from conformance.project import alembic_files
from conformance.project.configuration import SECTION
from conformance.project.merging import merged
from conformance.project.surroundings import (
    NAME_THE_MODELS,
    hint_at_module,
    hint_at_variable,
    prepare_environment,
)

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Table

    from conformance.project.configuration import Configuration

_THIS = Path(__file__)
_CORRECT = (
    "Correct the module. If it needs environment variables, give them any valid value in"
    f" [{SECTION}.environment] of pyproject.toml."
)
#: Why checks of writes are not made. docs/rows.md, "Your write path", describes the module.
NO_WRITE_PATH = (
    "no write path is named: the module with the project's own functions insert_new and upsert, as"
    " docs/rows.md describes them"
)
_FORM = "Write it as package.module:Base.metadata."


def metadata_for(configuration: Configuration) -> MetaData:
    """The MetaData that `models` names; without `models`, the target_metadata of env.py.

    Raises:
        NoModels: there is no `models`, and env.py names no metadata.
        ModelsUnavailable: the models cannot be imported, are not metadata, have no table, have a
            table twice, or have a wrong declaration.
    """
    _prepare(configuration)
    found = _named(configuration) if configuration.models else _that_of_env_py(configuration)
    _declare_entities(found)
    _declare_packages(found)
    _write_queries(found)
    return found


def _prepare(configuration: Configuration) -> None:
    """Let the project's modules be found, in the folders of Alembic's `prepend_sys_path`, too."""
    prepare_environment(configuration)
    wanted = (name.partition(":")[0].partition(".")[0] for name in configuration.models)
    if all(name in sys.modules or find_spec(name) for name in wanted if name):
        return
    if not has_migrations(configuration):
        return
    from alembic.script import ScriptDirectory

    from conformance.project.scripts import config_for

    # A wrong configuration has its own error once the migrations run.
    with suppress(Exception):
        ScriptDirectory.from_config(config_for(configuration))


def _named(configuration: Configuration) -> MetaData:
    references = configuration.models
    # Import all modules first: importing a module adds its tables.
    named = {reference: _metadata(reference) for reference in references}
    if not any(metadata.tables for metadata in named.values()):
        # env.py may import the modules that define the tables.
        with suppress(ModelsUnavailable):
            _that_of_env_py(configuration)
    found = merged(named)
    if not found.tables:
        raise ModelsUnavailable(
            f"The metadata of {', '.join(references)} has no tables.",
            "Import every model in a module that --models names. Or leave --models out to use the"
            " target_metadata of env.py.",
        )
    return found


def has_models(configuration: Configuration) -> bool:
    """Whether the project names models, or has an env.py that may name them."""
    if configuration.models:
        return True
    return has_migrations(configuration)


def _that_of_env_py(configuration: Configuration) -> MetaData:
    if not has_models(configuration):
        raise ModelsUnavailable("No models are configured.", _where_they_may_be(configuration))
    from conformance.project.target import target_metadata

    found = target_metadata(configuration)
    if not found.tables:
        raise ModelsUnavailable(
            "No models are configured, and the target_metadata of env.py has no tables.",
            "Import every model in env.py, or name the modules of the models with --models.",
        )
    return found


def _where_they_may_be(configuration: Configuration) -> str:
    below = alembic_files.elsewhere(Path(configuration.folder or Path.cwd()))
    if len(below) != 1:
        return NAME_THE_MODELS
    return (
        f"Alembic is configured in {below[0]}: run this command in {Path(below[0]).parent}, or give"
        f" --alembic-ini {below[0]}."
    )


def has_migrations(configuration: Configuration) -> bool:
    """Whether the project configures Alembic, and Alembic is installed."""
    if find_spec("alembic") is None:
        return False
    return alembic_files.configures_alembic(configuration.alembic_ini)


def classes_for(metadata: MetaData) -> dict[Table, type]:
    """The mapped class of every table that has one, whichever module defines the class."""
    from sqlalchemy import Table

    # There is no public way to all mapped classes.
    from sqlalchemy.orm.mapper import _all_registries

    return {
        mapper.local_table: mapper.class_
        for registry in _all_registries()
        for mapper in registry.mappers
        # A class that shares the table of its parent is not the table's.
        if not mapper.single
        and isinstance(mapper.local_table, Table)
        and metadata.tables.get(mapper.local_table.key) is mapper.local_table
    }


def writes_for(configuration: Configuration) -> ModuleType:
    """The module with the write path; by default `writes` below the first models.

    Raises:
        ModelsUnavailable: the module cannot be imported, or lacks one of the functions.
    """
    _prepare(configuration)
    beside = [f"{reference.partition(':')[0]}.writes" for reference in configuration.models]
    named_one = configuration.writes or next(filter(_is_there, beside[:1]), None)
    if named_one is None:
        raise ModelsUnavailable(f"{NO_WRITE_PATH}.", "Name the module with --writes.")
    return _writes(named_one)


def _is_there(module_name: str) -> bool:
    # What comes before its last dot may be a module, and no package.
    with suppress(ModuleNotFoundError):
        return find_spec(module_name) is not None
    return False


def import_fixtures(configuration: Configuration) -> None:
    """Import the modules with the project's fixtures, so that pytest finds them.

    Raises:
        ModelsUnavailable: a module cannot be imported.
    """
    _prepare(configuration)
    for name in configuration.fixtures:
        _imported(name, name, "fixtures")


def _metadata(reference: str) -> MetaData:
    """The metadata that `package.module:attribute.path` names.

    A path may also end at a declarative base, which has the metadata.
    """
    module_name, _, path = reference.partition(":")
    if not module_name or module_name.startswith("."):
        raise ModelsUnavailable(f"--models {reference!r} does not name a module.", _FORM)
    found: object = _imported(module_name, reference)
    for name in filter(None, path.split(".")):
        if not hasattr(found, name):
            raise ModelsUnavailable(
                f"{module_name} has no {path!r} (from --models {reference}).",
                _what_it_has(module_name) or _FORM,
            )
        found = getattr(found, name)
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, MetaData):
        raise ModelsUnavailable(
            f"{reference} is a {type(metadata).__name__}, not a MetaData of SQLAlchemy.", _FORM
        )
    return metadata


def _what_it_has(module_name: str) -> str:
    """The metadata that the module has under another name; empty if it has none."""
    for name, value in vars(sys.modules[module_name]).items():
        # An object of the module may answer with anything.
        with suppress(Exception):
            if isinstance(getattr(value, "metadata", value), MetaData):
                path = name if isinstance(value, MetaData) else f"{name}.metadata"
                return f"Write it as {module_name}:{path}, for instance."
    return ""


def _write_queries(metadata: MetaData) -> None:
    """Find a query that cannot be written as SQL here, and not in the middle of a run."""
    from conformance.declarations import view_of, views_of
    from conformance.declarations.queries import query_sql

    for table in (*metadata.tables.values(), *views_of(metadata)):
        view = view_of(table)
        if view is not None and isinstance(view.query, Select):
            try:
                query_sql(view.query, table.name)
            except ArgumentError as error:
                raise ModelsUnavailable(
                    f"A declaration is wrong: {error}.", "Correct the declaration."
                ) from None


def _declare_packages(metadata: MetaData) -> None:
    """Declare what the models say in the words of `timescaledb` and `sqlalchemy-timescaledb`."""
    from conformance.declarations import declare_packages

    try:
        declare_packages(metadata)
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"What a model says for another package contradicts its table: {error}.",
            "Correct the model, or declare Hypertable(...) in it, which then counts instead.",
        ) from None


def _declare_entities(metadata: MetaData) -> None:
    """Declare the entities that the project registered with alembic_utils."""
    from conformance.declarations import declare, registered_entities

    try:
        declare(metadata, *registered_entities())
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"An entity of alembic_utils contradicts the models: {error}.",
            "Correct the entity, or register it after the models are imported.",
        ) from None


def _writes(reference: str) -> ModuleType:
    """Import the module and check that it has `insert_new` and `upsert`."""
    module = _imported(reference, reference, "writes")
    for name in ("insert_new", "upsert"):
        if not callable(getattr(module, name, None)):
            raise ModelsUnavailable(
                f"The module {reference} lacks the function {name}(connection, Model, rows).",
                "Name the module with the write path with --writes.",
            )
    return module


def _imported(module_name: str, reference: str, key: str = "models") -> ModuleType:
    here = Path.cwd()
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        named_by = "" if error.name == reference else f" (from {key} {reference})"
        raise ModelsUnavailable(
            f"There is no module {error.name!r}{named_by}.",
            hint_at_module(error, module_name),
        ) from None
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"A declaration in {module_name} is wrong: {error}.", "Correct the declaration."
        ) from None
    # The module is code of the project: it may raise anything, and may even exit.
    except (Exception, SystemExit) as error:
        raise ModelsUnavailable(
            f"{module_name} cannot be imported: {describe_error(error)}{line_of(error, here)}.",
            hint_at_variable(error) or _CORRECT,
        ) from None


def line_of(error: BaseException, folder: Path) -> str:
    """The innermost line of the project in the traceback, in brackets; empty if none.

    That of a SyntaxError is the import of the file, whose own line is in the error's text.
    """
    if isinstance(error, SyntaxError):
        return ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(folder) and file != _THIS and "site-packages" not in file.parts:
            return f" ({file.relative_to(folder)}, line {frame.lineno})"
    return ""
