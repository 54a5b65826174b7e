"""What to do about a statement that the server rejects, by its message or SQLSTATE. Pure.

Source of the SQLSTATEs: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
"""

from __future__ import annotations

import re

IN_AUTOCOMMIT = "in an op.get_context().autocommit_block()"
NO_DATA = (
    "Create the continuous aggregate WITH NO DATA in the revision's transaction, and refresh it "
    "later, by its policy or with CALL refresh_continuous_aggregate() outside of migrations."
)

#: The engines that run statements which use several transactions; completes "use".
WITH_SESSIONS = "--engine local, --engine container, or the URL of a server"

#: What the gate says of an upgrade after which the database has no TimescaleDB.
DROPS_EXTENSION = (
    "it drops the extension timescaledb, and with the extension every chunk, policy and continuous "
    "aggregate"
)

#: The server's messages, and those of an import, and what to do about each.
_HINTS = (
    (
        r"^ModuleNotFoundError: No module named 'psycopg'",
        "From SQLAlchemy 2.1 on, postgresql:// means the driver psycopg: install psycopg for the "
        "Python that runs conformance, or write postgresql+psycopg2://.",
    ),
    (
        r"^ModuleNotFoundError: ",
        "Install the module for the Python that runs conformance, or correct the import.",
    ),
    (
        f"^{DROPS_EXTENSION}",
        "Keep the extension: rows of compressed chunks are lost with the extension, and other "
        "schemas of the database may use the extension.",
    ),
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
    # Before 2.23; TimescaleDB gives it the state of an internal error.
    (
        r"cannot drop a hypertable (index )?along with other objects",
        "Drop each hypertable, or index of one, with a statement of its own.",
    ),
    (
        r"hypertables do not support adding a constraint using an existing index",
        "Use ADD CONSTRAINT with the columns themselves instead of USING INDEX.",
    ),
    (
        r'^(\w+: )?table "[^"]*" is not empty',
        "Create the hypertable before its table has rows, or with migrate_data => true, which "
        "copies every row and blocks reads and writes meanwhile.",
    ),
    (
        r"cannot create a unique index without the column",
        "Include the hypertable's partitioning column in its primary key and in each unique key, "
        "in the models as well.",
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
        r"policy refresh window too small",
        "Let start_offset be two buckets or more before end_offset.",
    ),
    (
        r"cannot drop orderby or segmentby column",
        "Decompress the chunks, then take the column out of timescaledb.compress_segmentby or "
        "timescaledb.compress_orderby, or disable compression, and then drop the column.",
    ),
    (
        r"lock timeout",
        "Set a longer lock timeout; during the rehearsal no other session holds locks.",
    ),
    (
        r"^tuple concurrently updated$",
        "The embedded engine cannot run a statement that uses several transactions: use "
        f"{WITH_SESSIONS}. On a server, another session altered the same object at the same time: "
        "run the revision again.",
    ),
    (
        r'type ".*" already exists',
        "If create_table() has an ENUM of this name, create_table() creates the type: pass "
        "create_type=False to postgresql.ENUM, or leave out the other CREATE TYPE. If the type is "
        "left of a downgrade, drop the type in downgrade().",
    ),
)
IN_PYTHON = "The revision's Python code raises this error, not the server: correct the revision."
CORRECT_NAME = "Correct the name, or create the object in an earlier revision."
_EXISTS = (
    "The object exists already: an earlier revision creates it, or a downgrade has not dropped it. "
    "Create the object once, and drop it in downgrade()."
)
CORRECT_STATEMENT = (
    "Correct the statement: the server rejects it for these objects, whatever their rows are."
)
EXHAUSTED = (
    "The server ran out of memory or of room for locks: change fewer tables and chunks in one "
    "transaction."
)
#: What the server says of a value that a statement writes. A domain may also refuse the value of a
#: row that is there already.
_WRITTEN = re.compile(r"new row for relation|null value in column|duplicate key value")
#: Alembic's statement on its own table, with an id that does not fit.
_LONG_ID = re.compile(r"(UPDATE|INSERT INTO) .*\bversion_num\b", re.DOTALL)
_SHORTER_ID = (
    "Give the revision an id of at most 32 characters, or widen the column version_num of "
    "Alembic's table in an earlier revision."
)
#: Values that a statement itself gives; the server quotes one that it cannot read.
_PARAMETER = "22023"
#: What functions of jsonb say with that code of a value of another shape, which rows have.
_OF_JSON = re.compile(r"cannot (call|get array length|extract elements|deconstruct|set|delete) ")
#: An empty value, or one that is hidden, may be a row's all the same.
_QUOTED = re.compile(r': "(?P<value>[^"…]+)"\.?$')
_OWN_VALUE = "Correct the value in the statement: the server cannot use the value."
_ALLOWED_VALUES = (
    "The statement writes a value that the constraint forbids: correct the value, or change the "
    "constraint before this statement."
)
_REFERRED_TO = (
    "Rows of another table refer to these rows: delete or change those rows first, or leave the "
    "rows that they refer to."
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
    ("42703", CORRECT_NAME),
    ("42P01", CORRECT_NAME),
    ("42704", CORRECT_NAME),
    ("42883", CORRECT_NAME),
    ("3F000", CORRECT_NAME),
    ("TS110", _EXISTS),
    ("42", CORRECT_STATEMENT),
    ("0A", CORRECT_STATEMENT),
    ("TS", CORRECT_STATEMENT),
    ("53", EXHAUSTED),
    (
        "XX",
        "The server reports an internal error, which is a defect of PostgreSQL or of an extension: "
        "read the log of the server, and look for the error among TimescaleDB's issues.",
    ),
    ("55P04", f"Add the value {IN_AUTOCOMMIT}, before the statement that uses the value."),
    ("55P03", "Another session holds the lock: run the revision when the session has ended."),
    ("40P01", "Two sessions wait for each other: lock tables in the same order in both."),
    ("57014", "Set a longer statement_timeout for the revision, or change fewer rows at a time."),
    ("P0001", "The revision, or a function or trigger that it calls, raises this error itself."),
)


def hint_for_known(reason: str) -> str | None:
    """What to do about a statement that the server rejects, if its message is a known one."""
    return next((hint for pattern, hint in _HINTS if re.search(pattern, reason)), None)


def hint_for_state(sqlstate: str, message: str) -> str | None:
    """What to do about a statement that the server rejects, by the cause of the error."""
    if sqlstate.startswith("23") and _WRITTEN.search(message):
        return _ALLOWED_VALUES
    if sqlstate == "23503" and "update or delete on table" in message:
        return _REFERRED_TO
    return next((hint for state, hint in _BY_STATE if sqlstate.startswith(state)), None)


def hint_for_own_value(sqlstate: str, message: str, sql: str) -> str | None:
    """What to do about a value that the statement gives, and not a row; None: it may be a row's."""
    if not sqlstate.startswith("22"):
        return None
    if sqlstate == "22001" and _LONG_ID.match(sql):
        return _SHORTER_ID
    quoted = _QUOTED.search(message)
    of_row = sqlstate != _PARAMETER or _OF_JSON.search(message)
    if not of_row or (quoted and f"'{quoted['value']}'" in sql):
        return _OWN_VALUE
    return None
