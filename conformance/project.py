"""The project that is checked: where its models and its migrations are."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from conformance.errors import ModelsUnavailable

if TYPE_CHECKING:
    from sqlalchemy import MetaData

DEFAULT_MODELS = "models:Base.metadata"


def load_metadata(reference: str = DEFAULT_MODELS) -> MetaData:
    """The metadata that `package.module:attribute.path` names.

    A path that ends at a declarative base stands for its metadata.

    Raises:
        ModelsUnavailable: it cannot be imported, is no metadata, has no table, or a declaration in
            it is wrong.
    """
    from sqlalchemy import MetaData

    module_name, _, path = reference.partition(":")
    found = _imported(module_name, reference)
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


def _imported(module_name: str, reference: str) -> object:
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
    except (SQLAlchemyError, ImportError, SyntaxError, ValueError) as error:
        raise ModelsUnavailable(
            f"{module_name} cannot be imported: {type(error).__name__}: {error}.",
            "Correct the models.",
        ) from None
