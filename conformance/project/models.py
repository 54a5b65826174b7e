"""The project that is checked: where its models and its migrations are."""

from __future__ import annotations

import importlib
import traceback
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData
from sqlalchemy.exc import ArgumentError

from conformance.errors import ModelsUnavailable, describe_error
from conformance.project.surroundings import hint_at_variable, surround

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import Table

    from conformance.project.configuration import Configuration

_THIS = Path(__file__)
_FORM = "Write it as package.module:Base.metadata."


def metadata_for(configuration: Configuration) -> MetaData:
    """The metadata of the project: what its `models` name, all of it in one MetaData.

    Where none are named it is what env.py gives Alembic.

    Raises:
        ModelsUnavailable: none are named, here or in env.py; they cannot be imported, are no
            metadata, have no table or do not share one MetaData; or a declaration in them is wrong.
    """
    surround(configuration)
    references = configuration.models
    if not references:
        return _that_of_env_py(configuration)
    # All are imported before one is looked at: tables come with the modules that define them.
    first, *others = [_metadata(reference) for reference in references]
    for reference, metadata in zip(references[1:], others, strict=True):
        if metadata is not first:
            raise ModelsUnavailable(
                f"{reference} has another MetaData than {references[0]}.",
                "Let all models share one declarative base, or check them one after the other.",
            )
    if not first.tables:
        # The tables may be in modules that only env.py imports.
        with suppress(ModelsUnavailable):
            _that_of_env_py(configuration)
    if not first.tables:
        raise ModelsUnavailable(
            f"{', '.join(references)} has no tables.",
            "Import every model in a module that is named, or name none: target_metadata of env.py"
            " is taken then.",
        )
    return first


def _that_of_env_py(configuration: Configuration) -> MetaData:
    if find_spec("alembic") is None or not _has_migrations(configuration):
        raise ModelsUnavailable(
            "No models are named.",
            'Give --models package.module:Base.metadata, or write models = "..." below '
            "[tool.conformance] in pyproject.toml.",
        )
    from conformance.project.target import target_metadata

    found = target_metadata(configuration)
    if not found.tables:
        raise ModelsUnavailable(
            "No models are named, and target_metadata of env.py has no tables.",
            "Import every model in env.py, or name their modules with --models.",
        )
    return found


def _has_migrations(configuration: Configuration) -> bool:
    from conformance.project.scripts import has_migrations

    return has_migrations(configuration.alembic_ini)


def classes_for(configuration: Configuration) -> dict[Table, type]:
    """The mapped class of every table of a declarative base; none where only metadata is named."""
    from sqlalchemy import Table
    from sqlalchemy.orm import registry as Registry  # noqa: N812 - `registry` is its instance here

    surround(configuration)
    classes: dict[Table, type] = {}
    for reference in configuration.models:
        module_name, _, path = reference.partition(":")
        found: object = _imported(module_name, reference)
        for name in [name for name in path.split(".") if name not in ("", "metadata")]:
            found = getattr(found, name)
        # A declarative base has it by one name, SQLModel by the other.
        registry = getattr(found, "registry", None) or getattr(found, "_sa_registry", None)
        # A module may have SQLAlchemy's class by this name, or anything else.
        for mapper in registry.mappers if isinstance(registry, Registry) else ():
            if isinstance(mapper.local_table, Table):
                classes[mapper.local_table] = mapper.class_
    return classes


def writes_for(configuration: Configuration) -> ModuleType:
    """The module with the write path; where none is named, `writes` beside the first models.

    Raises:
        ModelsUnavailable: it cannot be imported, or lacks one of the functions.
    """
    surround(configuration)
    beside = [f"{reference.partition(':')[0]}.writes" for reference in configuration.models]
    named_one = configuration.writes or next(iter(beside), None)
    if named_one is None:
        raise ModelsUnavailable("No models are named, beside which writes could be.")
    return _writes(named_one)


def import_fixtures(configuration: Configuration) -> None:
    """See that pytest will find the modules whose fixtures take the place of the suite's.

    Raises:
        ModelsUnavailable: one cannot be imported.
    """
    surround(configuration)
    for name in configuration.fixtures:
        _imported(name, name, "fixtures")


def _metadata(reference: str) -> MetaData:
    """The metadata that `package.module:attribute.path` names.

    A path that ends at a declarative base stands for its metadata.
    """
    module_name, _, path = reference.partition(":")
    if not module_name or module_name.startswith("."):
        raise ModelsUnavailable(f"--models {reference!r} names no module.", _FORM)
    found: object = _imported(module_name, reference)
    for name in filter(None, path.split(".")):
        if not hasattr(found, name):
            raise ModelsUnavailable(
                f"{module_name} has no {path!r} (from --models {reference}).", _FORM
            )
        found = getattr(found, name)
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, MetaData):
        raise ModelsUnavailable(
            f"{reference} is {type(metadata).__name__}, not SQLAlchemy's MetaData.", _FORM
        )
    _declare_entities(metadata)
    return metadata


def _declare_entities(metadata: MetaData) -> None:
    """What the project has registered with alembic_utils when its models were imported."""
    from conformance.declarations import declare, registered_entities

    try:
        declare(metadata, *registered_entities())
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"An entity of alembic_utils contradicts the models: {error}.",
            "Correct it, or register it after the models are imported.",
        ) from None


def _writes(reference: str) -> ModuleType:
    """The module, which has `insert_new` and `upsert`."""
    module = _imported(reference, reference, "writes")
    for name in ("insert_new", "upsert"):
        if not callable(getattr(module, name, None)):
            raise ModelsUnavailable(
                f"{reference} has no {name}(connection, Model, rows).",
                "Name the module that has the write path with --writes.",
            )
    return module


def _imported(module_name: str, reference: str, key: str = "models") -> ModuleType:
    here = Path.cwd()
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelsUnavailable(
            f"There is no module {error.name!r} (from {key} {reference}).",
            f"Run this where it can be imported from; this is {here}.",
        ) from None
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"A declaration in {module_name} is wrong: {error}.", "Correct the model."
        ) from None
    # The module is somebody else's code: it may raise anything, and may even exit.
    except (Exception, SystemExit) as error:
        raise ModelsUnavailable(
            f"{module_name} cannot be imported: {describe_error(error)}{_line_of(error, here)}.",
            hint_at_variable(error) or "Correct it.",
        ) from None


def _line_of(error: BaseException, folder: Path) -> str:
    """The last line in a file of the project that the error went through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(folder) and file != _THIS and "site-packages" not in file.parts:
            return f" ({file.relative_to(folder)}, line {frame.lineno})"
    return ""
