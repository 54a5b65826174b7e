"""What is decided about a copy from texts alone: its mark, a statement's end, what is hidden."""

from __future__ import annotations

import pytest

from conformance.gate.evidence.amounts import bytes_of, in_bytes
from conformance.gate.evidence.evidence import Failure
from conformance.gate.on_copy.mark import is_mark, marking, unfinished, unfinished_revision
from conformance.gate.on_copy.redaction import Redaction
from conformance.gate.on_copy.transactions import ends_transaction, leaves_transaction


@pytest.mark.parametrize(
    ("comment", "marked"),
    [
        ("conformance: copy", True),
        ("conformance: copy of market, restored on 2026-11-28", True),
        ("conformance: copy; ask Ann", True),
        (None, False),
        ("", False),
        ("conformance: copying", False),
        ("conformance: copy-paste", False),
        ("no conformance: copy", False),
        ("Conformance: copy", False),
        (unfinished("0002"), False),
    ],
)
def test_what_names_a_copy(comment, marked):
    assert is_mark(comment) is marked


def test_an_unfinished_rehearsal_names_its_revision():
    assert unfinished_revision(unfinished("ae10 b")) == "ae10 b"
    assert unfinished_revision("conformance: copy") is None
    assert unfinished_revision(None) is None
    assert marking('"a b"') == "COMMENT ON DATABASE \"a b\" IS 'conformance: copy'"


@pytest.mark.parametrize(
    ("sql", "ending"),
    [
        ("COMMIT", "COMMIT"),
        ("ALTER TABLE t ADD x int; commit ; SELECT 1", "commit"),
        ("-- then\n END", "-- then END"),
        ("ROLLBACK", "ROLLBACK"),
        ("ABORT", "ABORT"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("ROLLBACK TO x", None),
        ("ROLLBACK WORK TO SAVEPOINT x", None),
        ("SELECT 'a; COMMIT'", None),
        ("COMMENT ON TABLE t IS 'x'", None),
        ("DO $x$BEGIN a; COMMIT; END$x$", None),
        ('SELECT 1 AS "; COMMIT"', None),
        ("SELECT 1 -- ; COMMIT", None),
        ("/* ; COMMIT; */ SELECT 1", None),
    ],
)
def test_a_statement_that_ends_the_transaction(sql, ending):
    found = ends_transaction(sql)
    assert (found is not None) is (ending is not None)
    assert ending is None or ending.split()[-1] in str(found)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def upgrade():\n  with op.autocommit_block(): pass", ("autocommit_block", 2)),
        ("x = 'CREATE INDEX CONCURRENTLY i ON t (a)'", ("INDEX CONCURRENTLY", 1)),
        ("x = 'CREATE INDEX i ON t (a) WITH (timescaledb.transaction_per_chunk)'",
         ("transaction_per_chunk", 1)),
        ("x = 'CALL refresh_continuous_aggregate(NULL, NULL, NULL)'",
         ("CALL refresh_continuous_aggregate", 1)),
        ("x = 'VACUUM t'", ("VACUUM", 1)),
        ('"""Not in an autocommit_block."""', None),
        ("def upgrade():\n  pass  # no autocommit_block", None),
        ("def downgrade():\n  op.execute('DROP INDEX CONCURRENTLY i')", None),
        ("x = 'REFRESH MATERIALIZED VIEW CONCURRENTLY v'", None),
    ],
)  # fmt: skip
def test_words_that_leave_the_transaction(source, found):
    assert leaves_transaction(source) == found


REDACTION = Redaction(
    ["""op.execute("UPDATE t SET a = 'known', b = 12 WHERE c = 7")"""],
    lambda words: words.replace("geheim", "***"),
)


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("UPDATE t SET a = 'known', b = 12", "UPDATE t SET a = 'known', b = 12"),
        ("UPDATE t SET a = 'row', b = 13", "UPDATE t SET a = '…', b = …"),
        ("UPDATE t SET a = E'it''s'", "UPDATE t SET a = '…'"),
        ("SELECT $x$row$x$", "SELECT '…'"),
        ("SELECT 'know'", "SELECT '…'"),
        ("SELECT ''", "SELECT ''"),
        ("UPDATE t2 SET c1 = $1 WHERE x = %(y)s", "UPDATE t2 SET c1 = $1 WHERE x = %(y)s"),
        ("SELECT 'postgresql://u:geheim@h'", "SELECT '…'"),
    ],
)
def test_a_statement_shows_the_values_of_its_own_file(sql, shown):
    assert REDACTION.statement(sql) == shown


class Diagnosed(Exception):
    """An error as psycopg2 raises it."""

    def __init__(self, **diag):
        super().__init__()
        self.diag = type("Diag", (), diag)()


def test_an_error_shows_names_and_no_values():
    failure = Failure(
        'UniqueViolation: could not create unique index "uq"',
        "CREATE UNIQUE INDEX uq ON t (a)",
        (),
        "23505",
        ("Key (a, b)=(Ann, (1)) is duplicated.", "Key (a)=(Ann", "Failing row contains (Ann)."),
    )
    shown = REDACTION.failure(failure, Diagnosed(constraint_name="uq"))
    assert shown.reason == 'UniqueViolation: could not create unique index "uq"'
    assert shown.detail == ("Key (a, b)=(…) is duplicated.", "Key (a)=(…")
    invalid = Failure('X: invalid input syntax for type integer: "Ann"', "", (), "22P02")
    assert "Ann" not in REDACTION.failure(invalid, Diagnosed()).reason


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("Ann", '"{}"'),
        ('{"name": "Ann", "of": "known"}', '"{}"'),
        ('"Ann"', '"{}"'),
        ('Ann" and more', '"{}"'),
        ("Ann's", '"{}"'),
        ('known"Ann', '"{'),
        ("Ann", "»{}«"),
        ("»Ann« Ann", "»{}«"),
        ("Ann", "«{}»"),
        ("Ann", "« {} »"),
        ("Ann", "«\u202f{}\u202f»"),
        ("Ann", '"{'),
        ("Ann", "« {"),
    ],
)
def test_no_part_of_a_value_is_shown_in_any_language(value, quoted):
    """A message of PostgreSQL in the quotes of its translations, whole or cut."""
    message = quoted.replace("{}", "{").replace("{", value)
    failure = Failure(f'X: type "t" of "uq", {message} of "t"', "", (), "22P02")
    shown = REDACTION.failure(failure, Diagnosed(constraint_name="uq", table_name="t")).reason
    assert "Ann" not in shown
    assert shown.startswith('X: type "t" of "uq", ')


def test_names_are_shown_in_any_language():
    for words in ('"t" und »t« und « t »', "de « t »"):
        shown = REDACTION.message(words, ["t"])
        assert shown == words


def test_a_value_of_several_lines_hides_the_message():
    failure = Failure('X: invalid input syntax for type integer: "a" Ann', "", (), "22P02")
    error = Diagnosed(message_primary='invalid input syntax for type integer: "a" Ann\nb"')
    assert "Ann" not in REDACTION.failure(failure, error).reason


def test_the_words_of_an_author_are_not_shown():
    hinted = Failure("X: no", "", (), "42703", hint='Perhaps you meant "Ann".')
    assert REDACTION.failure(hinted, Diagnosed()).hint == 'Perhaps you meant "…".'
    raised = Failure("RaiseException: seen Ann", "", (), "P0001", hint="Ask Ann")
    error = Diagnosed(source_function="exec_stmt_raise")
    assert REDACTION.failure(raised, error).hint == ""
    assert "Ann" not in REDACTION.failure(raised, error).reason
    assert REDACTION.failure(raised, error).reason.startswith("RaiseException: the words")
    assert "Ann" not in REDACTION.failure(Failure("KeyError: Ann"), None).reason


@pytest.mark.parametrize(
    ("text", "number"), [("500GB", 5 * 10**11), ("1.5 tb", 15 * 10**11), ("7", 7), ("2 kB", 2000)]
)
def test_sizes_are_read(text, number):
    assert bytes_of(text) == number


@pytest.mark.parametrize("text", ["", "GB", "1 G", "-1GB", "1,5GB", "much"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is not a size such as 500GB"):
        bytes_of(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (1000, "1 kB"), (1234567, "1.2 MB"), (5e11, "500 GB"), (-2e6, "-2 MB")],
)
def test_sizes_are_told(number, text):
    assert in_bytes(number) == text
