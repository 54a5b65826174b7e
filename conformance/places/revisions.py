"""The line of a revision that a finding of the gate is about."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.comparing.places import Place
from conformance.gate.evidence.codes import SQUAWK
from conformance.places import source
from conformance.places.repository import path_below

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport


class RevisionPlaces:
    """Finds the lines of revisions.

    Args:
        root: the root of the repository.
        file_of: gives the file of a revision that is not in the report; None if there is none.
    """

    def __init__(
        self, report: GateReport, root: Path, file_of: Callable[[str], str | None]
    ) -> None:
        self._root = root
        self._revisions = {item.revision: item for item in report.revisions}
        self._file_of = file_of

    def __call__(self, finding: GateFinding) -> Place | None:
        """The line of the statement, else that of the function, in the revision's file.

        Returns:
            None if the finding is about no single revision, or its file is not below the root.
        """
        revision = self._revisions.get(finding.revision)
        file = revision.file if revision is not None else self._file_of(finding.revision)
        path = path_below(self._root, Path(file)) if file else None
        if file is None or path is None:
            return None
        tree = source.parsed(Path(file).resolve())
        line = None
        if revision is not None:
            line = _line_of_statement(tree, revision, finding)
        return Place(path, line or _line_of_function(tree, finding.code) or 1)


def _line_of_statement(
    tree: ast.Module, revision: RevisionReport, finding: GateFinding
) -> int | None:
    """The line of the statement's text, else the line from which it was sent."""
    for statement in revision.statements:
        if statement.number == finding.statement or (
            finding.code.startswith(SQUAWK) and _quotes(finding.message, statement.sql)
        ):
            return source.line_of_text(tree, statement.sql) or statement.line
    # The statement that failed is not among those that ran.
    return source.line_of_quoted_text(tree, finding.message)


def _quotes(message: str, sql: str) -> bool:
    """Whether a message of squawk, which knows no numbers, has the beginning of the statement."""
    beginning = " ".join(sql.split()).rstrip("; ")[: source.QUOTED]
    return bool(beginning) and beginning in message


def _line_of_function(tree: ast.Module, code: str) -> int | None:
    wanted = "downgrade" if code.startswith("downgrade") or code == "trace-left" else "upgrade"
    functions = (item for item in tree.body if isinstance(item, ast.FunctionDef))
    return next((item.lineno for item in functions if item.name == wanted), None)
