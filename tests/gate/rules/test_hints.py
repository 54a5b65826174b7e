"""What is advised, by the words of a statement or of the server."""

from __future__ import annotations

import pytest

from conformance.gate.evidence.evidence import Failure
from conformance.gate.rules.causes import describe_failure, hint_for, may_depend_on_rows
from conformance.gate.rules.hints import (
    hint_for_offline,
    hint_for_refusal,
    hint_for_rewrite,
    hint_for_scan,
)


def test_an_index_of_a_hypertable_has_no_concurrently():
    sql = "create index i on t (a)"
    assert "CREATE INDEX CONCURRENTLY" in hint_for_scan(sql, hypertable=False)
    assert "transaction_per_chunk" in hint_for_scan(sql, hypertable=True)


def test_a_unique_index_of_a_hypertable_has_no_other_way():
    sql = "create unique index i on t (a)"
    assert "CONCURRENTLY" in hint_for_scan(sql, hypertable=False)
    assert "transaction_per_chunk" not in hint_for_scan(sql, hypertable=True)


def test_not_valid_helps_plain_tables_only():
    sql = "ALTER TABLE t\n ADD CONSTRAINT c CHECK (a > 0)"
    assert "VALIDATE" in hint_for_scan(sql, hypertable=False)
    assert "VALIDATE" not in hint_for_scan(sql, hypertable=True)


@pytest.mark.parametrize("key", ["UNIQUE (a)", "CONSTRAINT uq_t UNIQUE (a)", "PRIMARY KEY (a)"])
def test_a_key_cannot_be_added_not_valid(key):
    sql = f"ALTER TABLE t ADD {key}"
    assert "USING INDEX" in hint_for_scan(sql, hypertable=False)
    for hypertable in (False, True):
        assert "NOT VALID" not in hint_for_scan(sql, hypertable=hypertable)


def test_an_exclusion_has_no_way():
    sql = "ALTER TABLE t ADD CONSTRAINT ex_t EXCLUDE USING gist (a WITH &&)"
    assert hint_for_scan(sql, hypertable=False).startswith("Choose a quiet hour")


def test_chunks_can_be_reindexed_concurrently():
    assert hint_for_scan("REINDEX TABLE t", hypertable=False).startswith("Use REINDEX ...")
    assert "show_chunks" in hint_for_scan("REINDEX TABLE t", hypertable=True)


@pytest.mark.parametrize(
    ("sql", "advice"),
    [
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint", "Add a new column"),
        ("ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", "SET DEFAULT"),
        ("ALTER TABLE t ADD a uuid DEFAULT gen_random_uuid()", "SET DEFAULT"),
        ("ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b) STORED", "Add a new column"),
        ("CLUSTER t USING i", "reorder_chunk"),
        ("VACUUM FULL t", "reorder_chunk"),
        ("SELECT compress_chunk(c) FROM show_chunks('t') c", "one chunk at a time"),
        (
            "SELECT public.create_hypertable('t', 'at', migrate_data => true)",
            "Create an empty hypertable, copy the rows in batches outside of the revision, and"
            " exchange the names in a later one.",
        ),
    ],
)
def test_rewrites_have_ways_of_their_own(sql, advice):
    assert advice in hint_for_rewrite(sql, hypertable=True)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("CREATE INDEX CONCURRENTLY cannot run inside a transaction block", "autocommit_block"),
        ("hypertables do not support concurrent index creation", "transaction_per_chunk"),
        ("cannot drop a hypertable along with other objects", "of its own"),
        ("cannot drop a hypertable index along with other objects", "of its own"),
        (
            "CREATE MATERIALIZED VIEW ... WITH DATA cannot run inside a transaction block",
            "WITH NO DATA",
        ),
        (
            "refresh_continuous_aggregate() cannot run inside a transaction block",
            "Let the refresh policy refresh",
        ),
        ("concurrent index creation on hypertables is not supported", "show_chunks"),
        (
            "hypertables do not support adding a constraint using an existing index",
            "the columns themselves",
        ),
        ('cannot create a unique index without the column "at"', "in the key"),
        ('columnstore not enabled on hypertable "t"', "Enable compression"),
        ('type "kind" already exists', "pass create_type=False to postgresql.ENUM"),
        ('column "a" contains null values', "tables with rows"),
    ],
)
def test_a_refusal_says_what_is_wanted(reason, advice):
    assert advice in hint_for(Failure(reason, "ALTER TABLE t ..."))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE alembic_version SET version_num='an id' WHERE alembic_version.version_num = '1'",
        "INSERT INTO ours.versions (version_num)\nVALUES ('an id')",
    ],
)
def test_an_id_that_is_too_long_has_nothing_to_do_with_rows(sql):
    failure = Failure("value too long for type character varying(32)", sql, sqlstate="22001")
    assert hint_for(failure).startswith("Give the revision an id of at most 32 characters")
    assert not may_depend_on_rows(failure)
    other = Failure(failure.reason, "UPDATE t SET a = 'version'", sqlstate="22001")
    assert hint_for(other).startswith("A value of an existing row does not fit")
    assert may_depend_on_rows(other)


def test_the_detail_of_the_server_is_quoted_on_one_line():
    failure = Failure("cannot drop it.", "DROP", detail=("view v depends on", "column X."))
    assert describe_failure(failure) == "cannot drop it (detail: view v depends on column X)"


@pytest.mark.parametrize(
    ("failure", "found"),
    [
        (Failure("value out of range", "INSERT", sqlstate="22003"), True),
        (Failure("duplicate key", "INSERT", sqlstate="23505"), True),
        (Failure("syntax error", "INSERT", sqlstate="42601"), False),
        (Failure("another driver's error", "INSERT"), True),
        (Failure("an error of Python"), False),
        (Failure("v depends on t", "DROP", ("view v depends on table t",), "23000"), False),
    ],
)
def test_an_error_that_other_rows_might_not_give(failure, found):
    assert may_depend_on_rows(failure) is found


@pytest.mark.parametrize(
    ("state", "reason", "sql", "advice"),
    [
        ("22P02", 'invalid input syntax: "abc"', "... DEFAULT 'abc'", "the value in the statement"),
        ("22P02", 'invalid input syntax: "abc"', "... USING a::int", "A value of an existing row"),
        ("22P02", 'invalid input syntax: "…"', "SET a = '…'", "A value of an existing row"),
        ("22P02", 'invalid input syntax: ""', "SET a = b || ''", "A value of an existing row"),
        ("22023", "invalid interval", "SELECT f()", "the value in the statement"),
        ("22003", "out of range", "ALTER TABLE t ...", "A value of an existing row"),
        ("42804", "cannot be cast", "ALTER TABLE t ...", "the server rejects it for these objects"),
        ("42P16", "cannot change name", "CREATE VIEW", "the server rejects it for these objects"),
        ("TS110", "is already a hypertable", "SELECT f()", "The object exists already"),
        ("TS102", "not a hypertable", "SELECT f()", "the server rejects it for these objects"),
        ("0A000", "is no materialized view", "X", "the server rejects it for these objects"),
    ],
)
def test_the_rows_are_not_to_blame_for_what_the_statement_says(state, reason, sql, advice):
    failure = Failure(reason, sql, sqlstate=state)
    assert advice in hint_for(failure)
    assert may_depend_on_rows(failure) is advice.startswith("A value of an existing row")


def test_a_role_that_other_databases_of_the_run_refer_to():
    detail = ("privileges for table t", "2 objects in database conformance_1186b9753c1fdf85_2_gate")
    failure = Failure("role cannot be dropped", "DROP ROLE app", (), "2BP01", detail)
    assert hint_for(failure).startswith("Drop the role outside of migrations")
    elsewhere = Failure("no", "DROP ROLE app", (), "2BP01", ("2 objects in database conformance",))
    assert hint_for(elsewhere).startswith("Drop what depends on the object first")


def test_the_hint_of_the_server_is_quoted_where_it_says_more():
    cast = Failure("cannot be cast", "X", sqlstate="42804", hint='Say "USING a::int".')
    assert hint_for(cast).endswith("""are. The server's hint: Say "USING a::int".""")
    name = Failure("no column", "X", sqlstate="42703", hint="Perhaps you meant b.")
    assert hint_for(name).endswith("revision. The server's hint: Perhaps you meant b.")
    room = Failure("out of shared memory", "X", sqlstate="53200", hint="Raise the limit.")
    assert hint_for(room).endswith("transaction. The server's hint: Raise the limit.")
    label = Failure("unsafe use", "X", sqlstate="55P04", hint="Commit first.")
    assert hint_for(label) == "The server's hint: Commit first."
    rows = Failure("duplicate", "X", sqlstate="23505", hint="?")
    assert "The server's hint" not in hint_for(rows)


def test_only_a_column_can_be_added_otherwise():
    refused = "ALTER TABLE t ADD COLUMN a int NOT NULL"
    assert hint_for_refusal(refused).startswith("Add the column nullable")
    for sql in (
        "ALTER TABLE t DISABLE TRIGGER ALL",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
    ):
        assert hint_for_refusal(sql).startswith("Run the statement before compression")


def test_offline_there_is_no_connection():
    reason = "AttributeError: 'MockConnection' object has no attribute 'connection'"
    assert "op.execute()" in hint_for_offline(reason)
    assert hint_for_offline("RuntimeError: connects in offline mode") == (
        "Ask context.is_offline_mode() before connecting, and print SQL instead."
    )
    assert "persisted" in hint_for_offline('fails: SyntaxError: syntax error at or near "NOT"')
    assert "paramstyle" in hint_for_offline("fails: operator does not exist: integer %% integer")
    assert "DO block" in hint_for_offline("AttributeError: 'NoneType' object has no 'all'")
