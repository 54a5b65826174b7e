"""Tell whether a transaction was committed.

Source: PostgreSQL documentation, "Transaction ID and Snapshot Information Functions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NEXT = text("""
SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint
""")
_NOT_ABORTED = text("""
SELECT EXISTS (SELECT FROM pg_catalog.generate_series(CAST(:first AS bigint),
                                                      CAST(:next AS bigint) - 1) AS number
                WHERE pg_catalog.pg_xact_status(number::text::xid8) IS DISTINCT FROM 'aborted')
""")
#: On a busy server with more transactions than this, do not ask for the state of each.
_MOST = 1_000


def next_transaction(connection: Connection) -> int:
    """The number of the next transaction that writes; this function writes nothing."""
    return int(connection.execute(_NEXT).scalar_one())


def committed_since(connection: Connection, first: int) -> bool:
    """Whether a transaction with this number or a later one was committed.

    Also true if there are too many transactions to ask. A running transaction does not count:
    nobody sees its changes.
    """
    following = next_transaction(connection)
    if following - first > _MOST:
        return True
    return bool(connection.scalar(_NOT_ABORTED, {"first": first, "next": following}))
