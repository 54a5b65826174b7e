"""What to do about a statement that the server rejected, by the cause of the error. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.partitions import PARTITION_FIRST, lacks_partition
from conformance.comparing.rejections import (
    CORRECT_NAME,
    CORRECT_STATEMENT,
    EXHAUSTED,
    IN_PYTHON,
    hint_for_known,
    hint_for_own_value,
    hint_for_state,
)
from conformance.gate.rules.hints import hint_for_dependents, hint_for_rows
from conformance.gate.rules.sentences import shortened

if TYPE_CHECKING:
    from conformance.gate.evidence.evidence import Failure

_EXTENSION = (
    "Install the extension's package on the server that rehearses, or choose a server that has the "
    "extension with --engine."
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

#: Alembic's own statement, in the session of the revision before it.
_VERSION = re.compile(r"(UPDATE|INSERT INTO|DELETE FROM) (\S+\.)?alembic_version\b")
_SETTING_LEFT = (
    "The revision leaves another search_path or role set: let the revision set both back at its "
    "end, or name the schema in each statement."
)

#: raise_exception of PL/pgSQL.
_RAISED = "P0001"
#: A data migration may look for rows that nobody can generate.
_OWN_ROWS = (
    "If it looks for rows of your own, rehearse it on a copy of a database that has them: "
    "conformance gate --on URL."
)


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
        or _for_alembic(failure)
        or hint_for_known(failure.reason)
        or _by_cause(failure)
        or hint_for_rows()
    )


def hint_for_generated(failure: Failure) -> str:
    """What to do if the rows are generated, and the revision itself may refuse them."""
    raised = not failure.sql or failure.sqlstate == _RAISED
    unknown = hint_for_known(failure.reason) is None
    return f"{hint_for(failure)} {_OWN_ROWS}" if raised and unknown else hint_for(failure)


def may_depend_on_rows(failure: Failure) -> bool:
    """Whether the statement might succeed on other rows."""
    if failure.dependents or hint_for_known(failure.reason) is not None:
        return False
    if failure.sqlstate:
        return failure.sqlstate.startswith(("22", "23")) and _of_itself(failure) is None
    return bool(failure.sql)


def _by_cause(failure: Failure) -> str | None:
    if not failure.sql:
        return IN_PYTHON
    if _UNAVAILABLE_EXTENSION.search(failure.reason):
        return _EXTENSION
    if lacks_partition(failure.reason):
        return PARTITION_FIRST
    if any(map(_OUR_DATABASE.search, failure.detail)):
        return _ROLE_IN_USE
    own = _of_itself(failure)
    found = own or hint_for_state(failure.sqlstate, failure.reason)
    if failure.hint and found in (None, own, CORRECT_NAME, CORRECT_STATEMENT, EXHAUSTED):
        return " ".join(filter(None, (found, f"The server's hint: {failure.hint}")))
    return found


def _for_alembic(failure: Failure) -> str | None:
    left = failure.sqlstate in ("42P01", "42501") and _VERSION.match(failure.sql)
    return _SETTING_LEFT if left else None


def _of_itself(failure: Failure) -> str | None:
    """What to do about a value that the statement gives, and not a row; None: it may be a row's."""
    return hint_for_own_value(failure.sqlstate, failure.reason, failure.sql)
