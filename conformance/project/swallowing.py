"""Find the error that a revision catches, and that has ended its transaction all the same."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from conformance.errors import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import ExceptionContext

#: in_failed_sql_transaction: every statement fails after the first one that failed.
_ABORTED = "25P02"
_SWALLOWED = (
    "The revision catches this error, but PostgreSQL has ended the transaction: execute a statement"
    " that may fail in a savepoint, 'with op.get_bind().begin_nested():'."
)


@contextmanager
def swallowed_errors() -> Iterator[None]:
    """Raise the error that ended the transaction instead of the one of a later statement.

    The error has a note: see `advice_of`.
    """
    seen: list[BaseException] = []

    def see(context: ExceptionContext) -> None:
        seen.append(context.sqlalchemy_exception or context.original_exception)

    event.listen(Engine, "handle_error", see)
    try:
        yield
    except DBAPIError as error:
        # An error before a ROLLBACK TO SAVEPOINT has ended nothing: the last one counts.
        first = next((one for one in reversed(seen) if state_of(one) != _ABORTED), None)
        if state_of(error) != _ABORTED or first is None:
            raise
        first.add_note(_SWALLOWED)
        raise first from None
    finally:
        event.remove(Engine, "handle_error", see)
        # Each error refers to the frames of the revision.
        seen.clear()


def advice_of(error: BaseException) -> str:
    """What to do about an error that a revision catches, with a space before; empty for another."""
    return f" {_SWALLOWED}" if _SWALLOWED in getattr(error, "__notes__", ()) else ""


def statement_before(error: BaseException) -> str:
    """The statement whose error a revision catches, although later ones were sent; else empty."""
    caught = _SWALLOWED in getattr(error, "__notes__", ())
    return str(getattr(error, "statement", None) or "") if caught else ""
