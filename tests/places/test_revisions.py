"""The line of a revision that a finding of the gate is about."""

from __future__ import annotations

from conformance.comparing.places import Place
from conformance.comparing.verdict import EngineUsed
from conformance.gate.evidence.report import GateFinding, GateReport, RevisionReport, Statement
from conformance.places.revisions import RevisionPlaces

REVISION = '''
"""Add a column."""

SENT = (
    "UPDATE t SET a = 1",
    """
    ALTER TABLE t
        ADD COLUMN b int;
    """,
)


def upgrade():
    for statement in SENT:
        op.execute(statement)


def downgrade():
    op.execute("ALTER TABLE t DROP COLUMN b")
'''


def places(folder, *statements, file_of=lambda _: None):
    file = folder / "versions" / "0002_add.py"
    file.parent.mkdir()
    file.write_text(REVISION, encoding="utf-8")
    revision = RevisionReport("0002", "Add a column.", str(file), statements)
    report = GateReport(EngineUsed("url", "server"), revisions=(revision,))
    find = RevisionPlaces(report, folder, file_of)

    def line(code, statement=None, message="Message."):
        place = find(GateFinding(code, "0002", "t", message, "Hint.", statement))
        return place and (place.file, REVISION.splitlines()[place.line - 1].strip())

    return line


FILE = "versions/0002_add.py"


def test_a_statement_that_is_written_once_stands_where_it_is_written(tmp_path):
    alter = Statement(3, "ALTER TABLE t ADD COLUMN b int", 0.1, line=15)
    assert places(tmp_path, alter)("lock-held", 3) == (FILE, '"""')


def test_another_statement_stands_where_it_was_sent(tmp_path):
    made = Statement(3, "ALTER TABLE t ADD COLUMN c int", 0.1, line=15)
    assert places(tmp_path, made)("lock-held", 3) == (FILE, "op.execute(statement)")


def test_what_squawk_says_stands_at_the_statement_that_it_quotes(tmp_path):
    alter = Statement(3, "ALTER TABLE t ADD COLUMN b int;", 0.1, line=15)
    line = places(tmp_path, alter)
    quoted = "Missing `IF NOT EXISTS`: ALTER TABLE t ADD COLUMN b int"
    assert line("squawk:prefer-robust-stmts", message=quoted) == (FILE, '"""')
    assert line("squawk:prefer-robust-stmts", message="Else") == (FILE, "def upgrade():")


def test_a_statement_that_failed_stands_where_it_is_written(tmp_path):
    line = places(tmp_path)
    failed = "This server rejects ALTER TABLE t ADD COLUMN b int: FeatureNotSupported."
    assert line("compression-forbids", None, failed) == (FILE, '"""')
    # Another text would do as well, or the text is too short to tell.
    both = "UPDATE t SET a = 1, ALTER TABLE t ADD COLUMN b int"
    assert line("rewrite", None, both)[1] == "def upgrade():"
    assert line("rewrite", None, "Add a column. b")[1] == "def upgrade():"


def test_without_a_statement_the_function_is_meant(tmp_path):
    line = places(tmp_path)
    assert line("drift") == (FILE, "def upgrade():")
    assert line("upgrade-failed") == (FILE, "def upgrade():")
    assert line("downgrade-missing") == (FILE, "def downgrade():")
    assert line("trace-left") == (FILE, "def downgrade():")


def test_an_old_revision_is_looked_up(tmp_path):
    other = tmp_path / "0001_base.py"
    other.write_text("x = 1\n")
    report = GateReport(EngineUsed("url", "server"))
    finding = GateFinding("revision-edited", "0001", "", "Edited.", "Undo it.")
    find = RevisionPlaces(report, tmp_path, {"0001": str(other)}.get)
    assert find(finding) == Place("0001_base.py", 1)
    assert RevisionPlaces(report, tmp_path, lambda _: None)(finding) is None
    assert RevisionPlaces(report, tmp_path / "elsewhere", {"0001": str(other)}.get)(finding) is None
