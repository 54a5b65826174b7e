"""The mark of a copy: a comment on the database. Pure.

`pg_dump` without `--create` and `CREATE DATABASE ... TEMPLATE` leave out the comment of a database,
so that neither a dump of a copy nor a database made of it is named a copy.
"""

from __future__ import annotations

import re

MARK = "conformance: copy"
_MARK = re.compile(rf"{re.escape(MARK)}(?![\w-])")
_UNFINISHED = re.compile(r"conformance: rehearsal of (?P<revision>.+) has not ended$")


def is_mark(comment: str | None) -> bool:
    """Whether the comment names the database a copy; words after the mark are free."""
    return comment is not None and _MARK.match(comment) is not None


def unfinished(revision: str) -> str:
    """The comment while a rehearsal changes the copy; it is not a mark."""
    return f"conformance: rehearsal of {revision} has not ended"


def unfinished_revision(comment: str | None) -> str | None:
    """The revision of a rehearsal that changed the copy and did not end; None: there is none."""
    match = _UNFINISHED.match(comment or "")
    return match["revision"] if match else None


def marking(quoted: str) -> str:
    """The statement that marks a database.

    Args:
        quoted: its name, quoted where SQL requires it.
    """
    return f"COMMENT ON DATABASE {quoted} IS '{MARK}'"
