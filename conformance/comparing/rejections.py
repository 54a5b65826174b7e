"""What to do about a statement that the server rejects, by its message. Pure."""

from __future__ import annotations

import re

IN_AUTOCOMMIT = "in an op.get_context().autocommit_block()"
NO_DATA = (
    "Create the continuous aggregate WITH NO DATA in the revision's transaction, and refresh it "
    "later, by its policy or with CALL refresh_continuous_aggregate() outside of migrations."
)

#: The server's messages, and what to do about each.
_HINTS = (
    (r"CREATE MATERIALIZED VIEW \.\.\. WITH DATA cannot run", NO_DATA),
    (
        r"refresh_continuous_aggregate\(\) cannot run inside a transaction",
        "Let the refresh policy refresh the continuous aggregate, or run CALL "
        "refresh_continuous_aggregate() after the revision, outside of migrations.",
    ),
    (
        r"CONCURRENTLY cannot run inside a transaction|cannot .*run inside a transaction block",
        f"Execute the statement {IN_AUTOCOMMIT}.",
    ),
    (
        r"hypertables do not support concurrent",
        f"Use WITH (timescaledb.transaction_per_chunk) instead of CONCURRENTLY {IN_AUTOCOMMIT}.",
    ),
    (
        r"concurrent index creation on hypertables is not supported",
        f"Run REINDEX TABLE CONCURRENTLY on each chunk of show_chunks() {IN_AUTOCOMMIT}.",
    ),
    (
        r"hypertables do not support adding a constraint using an existing index",
        "Use ADD CONSTRAINT with the columns themselves instead of USING INDEX.",
    ),
    (
        r"cannot create a unique index without the column",
        "Include the hypertable's partitioning column in the key.",
    ),
    (
        r"cannot be updated after the old version has already been loaded",
        "Run ALTER EXTENSION timescaledb UPDATE outside of migrations, as the first statement of a "
        "new session; conformance upgrade rehearses the update.",
    ),
    (
        r"(compression|columnstore) not enabled",
        "Enable compression on the hypertable first, in this revision or in an earlier one.",
    ),
    (
        r"lock timeout",
        "Set a longer lock timeout; during the rehearsal no other session holds locks.",
    ),
    (
        r'type ".*" already exists',
        "If create_table() has an ENUM of this name, create_table() creates the type: pass "
        "create_type=False to postgresql.ENUM, or leave out the other CREATE TYPE.",
    ),
)


def hint_for_known(reason: str) -> str | None:
    """What to do about a statement that the server rejects, if its message is a known one."""
    return next((hint for pattern, hint in _HINTS if re.search(pattern, reason)), None)
