"""What to do about a statement that the server rejected, by the cause of the error. Pure.

Source of the SQLSTATEs: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.partitions import PARTITION_FIRST, lacks_partition
from conformance.comparing.rejections import hint_for_known
from conformance.gate.rules.hints import hint_for_dependents, hint_for_rows
from conformance.gate.rules.sentences import shortened

if TYPE_CHECKING:
    from conformance.gate.evidence.evidence import Failure

_NAME = "Correct the name, or create the object in an earlier revision."
_EXISTS = "The object exists already: an earlier revision creates it. Remove one of the two."
_REFUSED = (
    "Correct the statement: the server rejects it for these objects, whatever their rows are."
)
_EXHAUSTED = (
    "The server ran out of memory or of room for locks: change fewer tables and chunks in one "
    "transaction."
)
_EXTENSION = (
    "Install the extension's package on the server that rehearses, or choose a server that has the "
    "extension with --engine."
)

#: SQLSTATEs, or their class, and what to do; the first match counts.
_BY_STATE = (
    (
        "23502",
        "Existing rows have no value in this column: fill the column in the revision first, or add "
        "the column with a constant default.",
    ),
    (
        "23503",
        "Existing rows refer to rows that do not exist: delete or correct these rows in the "
        "revision first.",
    ),
    (
        "23505",
        "Existing rows repeat the key: remove the duplicates in the revision before the key is "
        "added.",
    ),
    ("23514", "Existing rows break the check: correct the rows in the revision first."),
    ("23", "Correct the existing rows in the revision before this statement."),
    (
        "22",
        "A value of an existing row does not fit: correct the rows in the revision first, or say "
        "with USING how to convert a value.",
    ),
    ("2BP01", "Drop what depends on the object first, and recreate it afterwards."),
    ("42601", "Correct the statement: the server does not accept how it is written."),
    ("42P07", _EXISTS),
    ("42710", _EXISTS),
    ("42701", "The column exists already: an earlier revision adds it. Remove one of the two."),
    ("42501", "Grant the role of the migration the privilege, or let the owner run the revision."),
    ("42703", _NAME),
    ("42P01", _NAME),
    ("42704", _NAME),
    ("42883", _NAME),
    ("3F000", _NAME),
    ("TS110", _EXISTS),
    ("42", _REFUSED),
    ("0A", _REFUSED),
    ("TS", _REFUSED),
    ("53", _EXHAUSTED),
    (
        "XX",
        "The server reports an internal error, which is a defect of PostgreSQL or of an extension: "
        "read the log of the server, and look for the error among TimescaleDB's issues.",
    ),
    ("55P03", "Another session holds the lock: run the revision when the session has ended."),
    ("40P01", "Two sessions wait for each other: lock tables in the same order in both."),
    ("57014", "Set a longer statement_timeout for the revision, or change fewer rows at a time."),
    ("P0001", "The revision, or a function or trigger that it calls, raises this error itself."),
)
_UNAVAILABLE_EXTENSION = re.compile(
    r"extension \S+ is not available|extension control file|shared_preload_libraries"
)
#: A role belongs to the whole server, where a run has several databases.
_OUR_DATABASE = re.compile(r"database conformance_[0-9a-f]{16}_")
_ROLE_IN_USE = (
    "Drop the role outside of migrations: a role belongs to the server, and other databases there "
    "refer to it, such as those of this run."
)
#: Alembic's statement on its own table, with an id that does not fit.
_LONG_ID = re.compile(r"(UPDATE|INSERT INTO) .*\bversion_num\b", re.DOTALL)
_SHORTER_ID = (
    "Give the revision an id of at most 32 characters, or widen the column version_num of "
    "Alembic's table in an earlier revision."
)
#: Values that a statement itself gives; the server quotes one that it cannot read.
_PARAMETER = "22023"
#: An empty value, or one that is hidden, may be a row's all the same.
_QUOTED = re.compile(r': "(?P<value>[^"…]+)"\.?$')
_OWN_VALUE = "Correct the value in the statement: the server cannot use the value."
_IN_PYTHON = "The revision's Python code raises this error, not the server: correct the revision."


def describe_failure(failure: Failure) -> str:
    """The server's message, with its DETAIL."""
    reason = failure.reason.rstrip(".")
    if not failure.detail:
        return reason
    return f"{reason} (detail: {shortened(' '.join(failure.detail)).rstrip('.')})"


def hint_for(failure: Failure) -> str:
    """What to do about the failure."""
    return (
        hint_for_dependents(failure.dependents)
        or hint_for_known(failure.reason)
        or _by_cause(failure)
        or hint_for_rows()
    )


def may_depend_on_rows(failure: Failure) -> bool:
    """Whether the statement might succeed on other rows."""
    if failure.dependents or hint_for_known(failure.reason) is not None:
        return False
    if failure.sqlstate:
        return failure.sqlstate.startswith(("22", "23")) and _of_itself(failure) is None
    return bool(failure.sql)


def _by_cause(failure: Failure) -> str | None:
    if not failure.sql:
        return _IN_PYTHON
    if _UNAVAILABLE_EXTENSION.search(failure.reason):
        return _EXTENSION
    if lacks_partition(failure.reason):
        return PARTITION_FIRST
    if any(map(_OUR_DATABASE.search, failure.detail)):
        return _ROLE_IN_USE
    matches = (hint for state, hint in _BY_STATE if failure.sqlstate.startswith(state))
    found = _of_itself(failure) or next(matches, None)
    if failure.hint and found in (None, _NAME, _REFUSED, _EXHAUSTED):
        return " ".join(filter(None, (found, f"The server's hint: {failure.hint}")))
    return found


def _of_itself(failure: Failure) -> str | None:
    """What to do about a value that the statement gives, and not a row; None: it may be a row's."""
    if not failure.sqlstate.startswith("22"):
        return None
    if failure.sqlstate == "22001" and _LONG_ID.match(failure.sql):
        return _SHORTER_ID
    quoted = _QUOTED.search(failure.reason)
    if failure.sqlstate == _PARAMETER or (quoted and f"'{quoted['value']}'" in failure.sql):
        return _OWN_VALUE
    return None
