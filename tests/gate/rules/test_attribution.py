"""Which statement a finding names, where several are about the same table or column."""

from __future__ import annotations

import pytest

from conformance.gate.evidence.report import Lock, RowWork, Statement
from conformance.gate.rules.attribution import definer_of, remover_of, writer_of

NEW = "ALTER TABLE t ADD COLUMN v integer"


def statements(*texts, written=()):
    return tuple(
        Statement(
            number, sql, 0.1, 1, locks=(Lock("t", True),),
            rows=(RowWork("t", True, True, 0, 3, 2),) if number in written else (),
        )
        for number, sql in enumerate(texts, 1)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("later", "attribute", "number"),
    [
        ("CREATE INDEX ix_t_v ON t (v)", "exists", 1),
        ("COMMENT ON COLUMN t.v IS 'v of t'", "type", 1),
        ("GRANT SELECT (v) ON t TO PUBLIC", "type", 1),
        ("CREATE OR REPLACE VIEW w AS SELECT v FROM t", "exists", 1),
        ("CREATE MATERIALIZED VIEW w AS SELECT v FROM t", "exists", 1),
        ("CREATE FUNCTION f() RETURNS int AS 'SELECT v FROM t' LANGUAGE sql", "exists", 1),
        ("CREATE TRIGGER g BEFORE UPDATE OF v ON t EXECUTE FUNCTION f()", "exists", 1),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (v > 0)", "type", 1),
        ("ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES u", "type", 1),
        ("ALTER TABLE t ALTER COLUMN v SET NOT NULL", "type", 1),
        ("ALTER TABLE t ALTER v SET DEFAULT 0", "nullable", 1),
        ("ALTER TABLE t ALTER v SET NOT NULL", "nullable", 2),
        ("ALTER TABLE t ALTER v SET DEFAULT 0", "default", 2),
        ('ALTER TABLE "t" ALTER "v" TYPE bigint', "type", 2),
        ("ALTER TABLE t DROP v", "exists", 2),
        ("ALTER TABLE t RENAME w TO v", "exists", 2),
        ("DO $$ BEGIN EXECUTE format('ALTER TABLE t ALTER v TYPE %s', 'x'); END $$", "type", 2),
        ("ALTER TABLE t ALTER w TYPE int, ALTER COLUMN v TYPE bigint", "type", 2),
        ("CREATE TABLE t (v integer)", "type", 2),
    ],
)
def test_what_defines_a_column(later, attribute, number):
    assert definer_of(statements(NEW, later), "t.v", "column", attribute) == number


@pytest.mark.parametrize(
    ("kind", "name", "texts", "number"),
    [
        ("table", "t", ("CREATE TABLE t (v int)", "CREATE INDEX ix_v ON t (v)"), 1),
        ("check", "t.c", ("ALTER TABLE t ADD CONSTRAINT c CHECK (v > 0)",
                          "COMMENT ON CONSTRAINT c ON t IS 'c'"), 1),
        ("unique", "t.u", (NEW, "CREATE UNIQUE INDEX u ON t (v)"), 2),
        ("index", "t.i", ("CREATE INDEX i ON t (v)", "COMMENT ON INDEX i IS 'of t'"), 1),
        ("view", "t", ("CREATE VIEW t AS SELECT 1", "GRANT SELECT ON t TO PUBLIC"), 1),
        ("trigger", "t.g", (NEW, "CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()"), 2),
    ],
)  # fmt: skip
def test_what_defines_others(kind, name, texts, number):
    assert definer_of(statements(*texts), name, kind) == number


@pytest.mark.parametrize(
    ("texts", "name", "number"),
    [
        (("ALTER TABLE t ALTER v DROP DEFAULT", "ALTER TABLE t DROP v"), "t.v", 2),
        (("ALTER TABLE u DROP COLUMN v", "ALTER TABLE t DROP COLUMN IF EXISTS v"), "t.v", 2),
        (("ALTER TABLE t DROP CONSTRAINT v", "ALTER TABLE desk.t DROP COLUMN v"), "t.v", 2),
        (("DROP INDEX v", "ALTER TABLE t DROP w, DROP v"), "t.v", 2),
        (("CREATE TABLE u (t int REFERENCES t ON DELETE CASCADE)", "DROP TABLE t"), "t", 2),
        (("DELETE FROM u WHERE v IN (SELECT v FROM t)", "DROP TABLE t CASCADE"), "t", 2),
        (("DROP TABLE u -- refers to t", "DROP TABLE IF EXISTS w, desk.t"), "desk.t", 2),
        (("ALTER TABLE u DROP CONSTRAINT u_to_t", "DROP SCHEMA s CASCADE"), "t", 2),
        (("DROP TRIGGER g ON t", "DROP TYPE mood CASCADE"), "t.v", 2),
        (("ALTER TABLE t DROP CONSTRAINT t_key",), "t.v", None),
    ],
)
def test_what_removes(texts, name, number):
    assert remover_of(statements(*texts), name) == number


@pytest.mark.parametrize(
    ("texts", "name", "removed", "number"),
    [
        (("UPDATE t SET v = 1", "DELETE FROM t"), "t", True, 2),
        (("INSERT INTO t SELECT 1", "WITH d AS (DELETE FROM t) SELECT 1"), "t", True, 2),
        (("INSERT INTO t SELECT 1", "UPDATE t SET v = 'no DROP'"), "t", True, None),
        (("UPDATE t SET w = 1", "UPDATE t SET v = 1"), "t.v", False, 2),
        (("UPDATE t SET w = 1", "UPDATE t SET v = 1"), "t.x", False, None),
        (("SELECT f()",), "t.v", False, 1),
        (("UPDATE t SET w = 1", "INSERT INTO t SELECT 1"), "t", False, 2),
        (("UPDATE t SET w = 1", "UPDATE t SET v = 1"), "t", False, 1),
    ],
)
def test_what_writes(texts, name, removed, number):
    assert writer_of(statements(*texts, written=(1, 2)), name, removed=removed) == number
