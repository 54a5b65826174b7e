"""The revision as a file: the project's own template, through Alembic."""

from __future__ import annotations

import textwrap
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from alembic.util import CommandError, format_as_comma, rev_id, template_to_file

from conformance.errors import ConformanceError, describe_error
from conformance.mending.plan import TIMEOUT
from conformance.mending.revision import call, downgrade_body, script, upgrade_body
from conformance.project.scripts import revisions_of, single_head
from conformance.project.surroundings import mentions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config

    from conformance.mending.plan import Plan
    from conformance.mending.scene import Step


def write_revision(
    config: Config, plan: Plan, message: str | None = None, identifier: str | None = None
) -> Path:
    """Write the revision into the project's folder of versions; the path of its file.

    Raises:
        ConformanceError: Alembic cannot write it.
    """
    directory = revisions_of(config)
    try:
        made = directory.generate_revision(
            identifier or rev_id(),
            message or message_of(plan),
            config=config,
            **_bodies(config, plan),
        )
    # The template is the project's, and may raise anything.
    except Exception as error:
        raise _unwritten(error) from None
    if made is None:
        raise _unwritten(CommandError("Alembic wrote no file"))
    return Path(made.path)


def printed_revision(
    config: Config, plan: Plan, message: str | None = None, identifier: str | None = None
) -> str:
    """The text of the same file.

    Raises:
        ConformanceError: the template cannot be read.
    """
    directory = revisions_of(config)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "revision.py"
        try:
            template_to_file(
                str(Path(directory.dir) / "script.py.mako"),
                str(file),
                "utf-8",
                up_revision=identifier or rev_id(),
                down_revision=single_head(config),
                branch_labels=None,
                depends_on=None,
                create_date=datetime.now().astimezone().replace(tzinfo=None),
                comma=format_as_comma,
                message=message or message_of(plan),
                config=config,
                **_bodies(config, plan),
            )
        except Exception as error:
            raise _unwritten(error) from None
        return file.read_text("utf-8")


def printed_sql(plan: Plan) -> str:
    """The statements of the upgrade alone."""
    return script(plan.upgrade, plan.unmended)


def message_of(plan: Plan) -> str:
    """The message of a revision to which nobody gave one."""
    number = len(plan.mended)
    return f"mend {number} finding{'s' * (number != 1)}"


def _bodies(config: Config, plan: Plan) -> dict[str, Any]:
    patient = mentions(config, "lock_timeout")

    def indented(steps: Sequence[Step], body: str) -> str:
        first = "" if patient else _timeout(steps)
        # The template indents the first line.
        return _with_statement(textwrap.indent(f"{first}{body}", "    ").strip())

    return {
        "upgrades": indented(plan.upgrade, upgrade_body(plan)),
        "downgrades": indented(plan.downgrade, downgrade_body(plan)),
        "imports": _irreversible(plan),
    }


def _timeout(steps: Sequence[Step]) -> str:
    """What keeps a statement from waiting for its lock, and all others behind it, for long."""
    if all(step.phase for step in steps) or any("lock_timeout" in step.sql for step in steps):
        return ""
    return f"{call(TIMEOUT)}\n"


def _irreversible(plan: Plan) -> str:
    """What tells the gate, and whoever deploys, that nothing is undone."""
    if plan.downgrade or not plan.kept:
        return ""
    reasons = "; ".join(f"{item.id}: {item.reason}" for item in plan.kept)
    return f"irreversible = {' '.join(reasons.split())!r}"


def _with_statement(body: str) -> str:
    """Comments alone are no body of a function."""
    has_one = any(not line.lstrip().startswith("#") for line in body.splitlines())
    return body if has_one else f"{body}\n    pass".strip()


def _unwritten(error: Exception) -> ConformanceError:
    way = "Correct script.py.mako"
    if isinstance(error, FileNotFoundError):
        way = "Copy script.py.mako from a folder that 'alembic init' makes"
    return ConformanceError(
        f"Alembic cannot write the revision: {describe_error(error)}.",
        f"{way}, or print the statements with --sql.",
    )
