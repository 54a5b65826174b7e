"""The plugin for `alembic revision --autogenerate`, from Alembic 1.18 on.

env.py turns it on::

    context.configure(..., autogenerate_plugins=["alembic.autogenerate.*", "conformance"])

Alembic loads this module whenever it is installed beside this package. The module therefore loads
nothing else until autogenerate compares metadata with declarations of this package.

Source: Alembic documentation, "Plugins".
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult

#: As `conformance.declarations.base.INFO_KEY`, which would load SQLAlchemy.
_INFO_KEY = "timescaledb"


class _Plugin(ModuleType):
    """This module, which is also a collection that has it alone.

    Up to 1.20.0 Alembic iterates over what an entry point names, and cannot be imported beside a
    module that does not allow it. Later it takes a module, and warns of a collection.

    Source: alembic/runtime/plugins.py, `_setup`.
    """

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _Plugin


def setup(plugin: Plugin) -> None:
    """Called by Alembic when it loads its plugins."""
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(
        _compare,
        "autogenerate",
        "timescaledb",
        qualifier="postgresql",
        # After Alembic has proposed tables, columns and constraints.
        priority=DispatchPriority.LAST,
    )


def _compare(context: AutogenContext, upgrade: UpgradeOps) -> PriorityDispatchResult:
    from alembic.util import PriorityDispatchResult

    for metadata in _each(context.metadata):
        if _has_declarations(metadata):
            from conformance.mending.proposing import propose

            propose(context, upgrade, metadata)
    return PriorityDispatchResult.CONTINUE


def _each(metadata: Any) -> list[Any]:
    if metadata is None:
        return []
    return list(metadata) if isinstance(metadata, list | tuple) else [metadata]


def _has_declarations(metadata: Any) -> bool:
    tables = metadata.tables.values()
    # As `declarations_of()`.
    return _INFO_KEY in metadata.info or any(
        getattr(table.info, "declarations", None) for table in tables
    )
