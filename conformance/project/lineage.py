"""What Alembic makes of the revisions that a database records."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from conformance.errors import ConformanceError
from conformance.project.alembic_files import is_newest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.script import Script, ScriptDirectory

    from conformance.project.configuration import Configuration


class Lineage:
    """The order of a project's revisions.

    Nothing is said where the revisions cannot be read. Loading Alembic takes as long as the rest of
    a small audit, and is left out where a file alone says that nothing comes after a revision.
    """

    def __init__(self, project: Configuration) -> None:
        self._project = project

    def contradiction(self, recorded: Sequence[str]) -> str:
        """Why a database cannot have all of these revisions, in words; empty if it can.

        A database has the newest revision of each branch.
        """
        directory = self._directory(recorded)
        if directory is None:
            return ""
        known = {script.revision for script in directory.walk_revisions()}
        for revision in recorded:
            if revision not in known:
                return f"the project has no revision {revision}"
            older = {script.revision for script in directory.walk_revisions(head=revision)}
            for other in sorted(older.intersection(recorded) - {revision}):
                return f"{revision} comes after {other}"
        return ""

    def pending(self, recorded: Sequence[str]) -> list[str]:
        """The revisions that an upgrade of a database with these would run, the first one first.

        There is none where the upgrade would fail.
        """
        directory = self._directory(recorded)
        if directory is None or self.contradiction(recorded):
            return []
        newer: list[Script] = [
            *directory.iterate_revisions("heads", tuple(recorded), implicit_base=True)
        ]
        return [script.revision for script in reversed(newer)]

    def _directory(self, recorded: Sequence[str]) -> ScriptDirectory | None:
        """The revisions; None if nothing can be said, or nothing is to be said."""
        newest = len(recorded) == 1 and is_newest(self._project.alembic_ini, recorded[0])
        return None if newest else self._revisions

    @cached_property
    def _revisions(self) -> ScriptDirectory | None:
        from conformance.project.scripts import config_for, revisions_of

        try:
            return revisions_of(config_for(self._project))
        except ConformanceError:
            return None
