"""The project that is checked: where its models and its migrations are."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError

from conformance.errors import ModelsUnavailable, named

if TYPE_CHECKING:
    from types import ModuleType

    from sqlalchemy import MetaData, Table

DEFAULT_MODELS = "models:Base.metadata"
_THIS = Path(__file__)


def load_metadata(reference: str = DEFAULT_MODELS) -> MetaData:
    """The metadata that `package.module:attribute.path` names.

    A path that ends at a declarative base stands for its metadata.

    Raises:
        ModelsUnavailable: it cannot be imported, is no metadata, has no table, or a declaration in
            it is wrong.
    """
    from sqlalchemy import MetaData

    module_name, _, path = reference.partition(":")
    if not module_name or module_name.startswith("."):
        raise ModelsUnavailable(
            f"--models {reference!r} names no module.", "Write it as package.module:Base.metadata."
        )
    found: object = _imported(module_name, reference)
    for name in filter(None, path.split(".")):
        if not hasattr(found, name):
            raise ModelsUnavailable(
                f"{module_name} has no {path!r} (from --models {reference}).",
                "Write it as package.module:Base.metadata.",
            )
        found = getattr(found, name)
    metadata = getattr(found, "metadata", found)
    if not isinstance(metadata, MetaData):
        raise ModelsUnavailable(
            f"{reference} is {type(metadata).__name__}, not SQLAlchemy's MetaData.",
            "Write it as package.module:Base.metadata.",
        )
    if not metadata.tables:
        raise ModelsUnavailable(
            f"{reference} has no tables.", "Import every model in the module that is named."
        )
    return metadata


def load_classes(reference: str = DEFAULT_MODELS) -> dict[Table, type]:
    """The mapped class of every table of a declarative base; none where only metadata is named."""
    from sqlalchemy import Table
    from sqlalchemy.orm import registry as Registry  # noqa: N812 - `registry` is its instance here

    module_name, _, path = reference.partition(":")
    found: object = _imported(module_name, reference)
    for name in [name for name in path.split(".") if name not in ("", "metadata")]:
        found = getattr(found, name)
    registry = getattr(found, "registry", None)
    # A module may have SQLAlchemy's class by this name, or anything else.
    if not isinstance(registry, Registry):
        return {}
    return {
        mapper.local_table: mapper.class_
        for mapper in registry.mappers
        if isinstance(mapper.local_table, Table)
    }


def writes_beside(reference: str) -> str:
    """The module with the write path where none is named: `writes` in the package of the models."""
    return f"{reference.partition(':')[0]}.writes"


def load_writes(reference: str) -> ModuleType:
    """The module with `insert_new` and `upsert`.

    Raises:
        ModelsUnavailable: it cannot be imported, or lacks one of them.
    """
    module = _imported(reference, reference)
    for name in ("insert_new", "upsert"):
        if not callable(getattr(module, name, None)):
            raise ModelsUnavailable(
                f"{reference} has no {name}(connection, Model, rows).",
                "Name the module that has the write path with --writes.",
            )
    return module


def _imported(module_name: str, reference: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ModelsUnavailable(
            f"There is no module {error.name!r} (from --models {reference}).",
            f"Run this where it can be imported from; this is {here}.",
        ) from None
    except ArgumentError as error:
        raise ModelsUnavailable(
            f"A declaration in {module_name} is wrong: {error}.", "Correct the model."
        ) from None
    # The module is somebody else's code: it may raise anything, and may even exit.
    except (Exception, SystemExit) as error:
        raise ModelsUnavailable(
            f"{module_name} cannot be imported: {named(error)}{_line_of(error, here)}.",
            "Correct it.",
        ) from None


def _line_of(error: BaseException, folder: str) -> str:
    """The last line in a file of the project that the error went through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(folder) and file != _THIS and "site-packages" not in file.parts:
            return f" ({file.relative_to(folder)}, line {frame.lineno})"
    return ""
