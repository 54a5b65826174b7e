"""Made-up evidence, one case for each sentence that a rule can say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.findings import Finding
from conformance.comparing.policies.broken import Broken, broken_key
from conformance.gate.evidence.evidence import (
    CombinedRun,
    DowngradeOutcome,
    Evidence,
    FailedWrite,
    Failure,
    Interruption,
    OfflineOutcome,
)
from conformance.gate.evidence.report import (
    AffectedTable,
    Decompressed,
    GateFinding,
    Lock,
    Notice,
    RowWork,
    Statement,
)
from conformance.gate.evidence.state import Column, Contents, State
from conformance.gate.revisions.new import Revision
from conformance.gate.rules.acceptance import accept
from conformance.gate.rules.causes import hint_for
from conformance.gate.rules.compression import Versions, judge_compression
from conformance.gate.rules.decompression import judge_decompression
from conformance.gate.rules.drift import judge_drift
from conformance.gate.rules.hints import (
    hint_for_offline,
    hint_for_refusal,
    hint_for_rewrite,
    hint_for_scan,
)
from conformance.gate.rules.locks import judge_locks, judge_together
from conformance.gate.rules.outcomes import judge, judge_combined
from conformance.gate.rules.rows import judge_rows
from conformance.intervals import Interval
from conformance.population.sequences_behind import LaggingSequence

REVISION = Revision("0002", ("0001",), "Title.", Path("2.py"), "2.py", {})
A = Column("a", "integer", not_null=True, computed=False, has_default=False, digest=1)
B = replace(A, name="b", digest=2)
TABLE = Contents(7, "t", compressed=True, rows=3, columns={1: A, 2: B}, key=(1,))
VALUES = frozenset({1, 2, 3})
HYPERTABLE = FactKey("hypertable", "t", "", EXISTS)
CHUNKS = FactKey("hypertable", "t", "", "chunk_interval")
AGGREGATE = FactKey("continuous_aggregate", "t", "", EXISTS)
SCHEMATIC = FactKey("continuous_aggregate", "s.t", "", EXISTS)
RETENTION = FactKey("policy", "t", "retention", "drop_after")
TRACES = Counter({"relation a": 1})
BEFORE = State({CHUNKS: Interval.parse("7 days")}, TRACES, {7: TABLE})
EMPTY = State({}, Counter(), {})


def table(**changes):
    """The state with the table altered."""
    return replace(BEFORE, contents={7: replace(TABLE, **changes)})


def _in_a_schema(**changes):
    """The state with the table as a continuous aggregate of another schema."""
    columns = {1: A, 2: replace(B, **changes)}
    return State({SCHEMATIC: True}, TRACES, {7: replace(TABLE, name="s.t", columns=columns)})


WITH_VALUES = table(columns={1: A, 2: replace(B, values=VALUES)})


def evidence(**more):
    return Evidence(REVISION, **{"before": BEFORE, "after": BEFORE, **more})


def lock(name, mode="ACCESS EXCLUSIVE", *, existed=True, itself=True, chunks=0):
    return Lock(name, existed, itself, chunks, mode)


def rows(name, *, existed=True, read=3, written=0):
    return RowWork(name, existed, True, 0, read, written)


def statement(number, sql, *, transaction=1, timeout="5s", **more):
    return Statement(number, sql, 0.1, transaction, lock_timeout=timeout, **more)


def back(**more):
    """A downgrade that ran, of a revision that changed nothing."""
    return evidence(downgrade=DowngradeOutcome(**{"statements": 1, "after": BEFORE, **more}))


def drift(identifier, *rehearsed):
    key = next(key for key in (CHUNKS, RETENTION) if key.id == identifier)
    found = Finding(
        key.id, key.kind, key.object, key.attribute, "different", 1, 2, "It differs", "Mend it."
    )
    return judge_drift([found], rehearsed)


def judge_downgrade_of(before, after):
    state = replace(BEFORE, facts=before)
    down = DowngradeOutcome(statements=1, after=replace(BEFORE, facts=after))
    return judge(Evidence(REVISION, state, after=state, downgrade=down))


VALIDATED = FactKey("check", "t", "c", "validated")
CHUNK = Counter({"relation _timescaledb_internal._hyper_1_2_chunk": 1})
TAKEN = statement(1, "ALTER TABLE t ADD COLUMN c int", locks=(lock("t", chunks=2),))
WORK = statement(2, "UPDATE u SET a = 1", rows=(rows("u"), rows("s")))
UNLIMITED = statement(4, "DROP TABLE t", timeout="0", locks=(lock("t", chunks=1),))
ALONE = statement(5, "DROP TABLE t", timeout="0", transaction=None)
ALEMBICS = statement(1, "LOCK v", timeout="0", locks=(lock("v"),), by_alembic=True)
REWRITE = "ALTER TABLE t ALTER COLUMN a TYPE bigint"
REWRITTEN = AffectedTable("t", existed=True, chunks=2)
DECOMPRESSING = statement(
    4,
    "UPDATE t SET a = 1",
    partly_compressed=(Decompressed("t", True, False, 2, 3),),
    decompression_limit=100_000,
)
IDLE = {"idle_seconds": 12.4}
SCAN = "CREATE INDEX i ON t (a)"
LONG = "UPDATE t SET a = " + " + ".join("abcdefgh") * 4
TYPE = {1: replace(A, type="bigint"), 2: B}
ACCEPTED = GateFinding("lock-scan", "0002", "t", "It reads.", "Wait.")
DEPENDENTS = (
    "continuous aggregate g depends on column a of table t",
    "materialized view m depends on continuous aggregate g",
    "rule _RETURN on view v depends on column a of table t",
    "view v depends on column a of table t",
)
MIXED = (
    'view s."V of t" depends on column a of table t',
    "policy p on table t depends on column a",
)
TRIGGER = ("trigger w on table t depends on column a of table t",)
MANY = ("one", "two", "three", "four", "five", "six")

#: What each case makes the rules say, in order.
CASES = {
    "a lock held during other work": lambda: judge_locks("0002", [TAKEN, WORK]),
    "a lock held while the server sleeps": lambda: judge_locks(
        "0002", [TAKEN, statement(2, "SELECT pg_sleep(1)")]
    ),
    "a lock held while the migration does nothing": lambda: judge_locks(
        "0002", [replace(TAKEN, **IDLE)]
    ),
    "a lock held, and other work while the migration does nothing": lambda: judge_locks(
        "0002",
        [TAKEN, replace(WORK, locks=(lock("u", "SHARE"),), sql="CREATE INDEX i ON u (a)", **IDLE)],
    ),
    "a scan under a lock": lambda: judge_locks(
        "0002", [statement(3, SCAN, locks=(lock("t", "SHARE"),), rows=(rows("t"),))]
    ),
    "a scan of a hypertable under a lock": lambda: judge_locks(
        "0002", [statement(3, SCAN, locks=(lock("t", "SHARE", chunks=1),), rows=(rows("t"),))]
    ),
    "a lock without timeout, after one of Alembic's": lambda: judge_locks(
        "0002", [ALEMBICS, UNLIMITED]
    ),
    "no transaction, no timeout": lambda: judge_locks("0002", [ALONE]),
    "a rewrite after TRUNCATE, and of a table that is new": lambda: judge_locks(
        "0002",
        [
            statement(1, "TRUNCATE t", rewrites=(REWRITTEN,)),
            statement(2, "CLUSTER n", rewrites=(AffectedTable("n", existed=False),)),
            statement(3, REWRITE, rewrites=(REWRITTEN,)),
            statement(4, REWRITE, rewrites=(REWRITTEN,)),
        ],
    ),
    "a plain table rewritten": lambda: judge_locks(
        "0002", [statement(3, "CLUSTER p", rewrites=(AffectedTable("p", existed=True),))]
    ),
    "a hypertable of one chunk rewritten": lambda: judge_locks(
        "0002", [statement(3, "CLUSTER p", rewrites=(AffectedTable("p", existed=True, chunks=1),))]
    ),
    "one chunk moved by itself, then a table rewritten, by one statement": lambda: judge_locks(
        "0002",
        [
            statement(
                3,
                "SELECT compress_chunk('c'), f()",
                transaction=None,
                rewrites=(
                    AffectedTable("t", existed=True, itself=False, chunks=1),
                    AffectedTable("p", True),
                ),
            )
        ],
    ),
    "compressed chunks written to": lambda: judge_decompression("0002", [DECOMPRESSING]),
    "the one compressed chunk written to, without a limit": lambda: judge_decompression(
        "0002",
        [
            replace(
                DECOMPRESSING,
                partly_compressed=(Decompressed("t", True, False, 1, 1),),
                decompression_limit=0,
            )
        ],
    ),
    "a lock of one revision held during the next": lambda: judge_together(
        [("0002", TAKEN), ("0003", WORK), ("0003", WORK)]
    ),
    "a lock of one revision held while the next does nothing": lambda: judge_together(
        [("0002", TAKEN), ("0003", statement(2, "SELECT 1", **IDLE))]
    ),
    "an upgrade that fails": lambda: judge(
        evidence(after=None, failure=Failure("NotNullViolation: null in X.", LONG))
    ),
    "an upgrade that fails on a row, which the server names": lambda: judge(
        evidence(
            after=None,
            failure=Failure("NotNullViolation: null.", "ALTER X", (), "23502", ("Row (1, null).",)),
        )
    ),
    "an upgrade with a misspelled statement": lambda: judge(
        evidence(after=None, failure=Failure("SyntaxError: at TABLEX.", "X", (), "42601"))
    ),
    "an upgrade that fails on what is computed from it": lambda: judge(
        evidence(after=None, failure=Failure("DependentObjectsStillExist: a.", LONG, DEPENDENTS))
    ),
    "an upgrade that fails on a view of it": lambda: judge(
        evidence(
            after=None, failure=Failure("DependentObjectsStillExist: a.", LONG, DEPENDENTS[2:])
        )
    ),
    "an upgrade that fails on a view in quotes and more": lambda: judge(
        evidence(after=None, failure=Failure("DependentObjectsStillExist: a.", "X", MIXED, "2BP01"))
    ),
    "an upgrade that fails on what is no view": lambda: judge(
        evidence(
            after=None, failure=Failure("DependentObjectsStillExist: a.", LONG, TRIGGER, "2BP01")
        )
    ),
    "an upgrade that fails whatever the rows are": lambda: judge(
        evidence(after=None, failure=Failure("canceling statement due to lock timeout", LONG))
    ),
    "an upgrade that fails in Python": lambda: judge(
        evidence(after=None, failure=Failure("ValueError: no"))
    ),
    "an upgrade that compression forbids": lambda: judge_compression(
        evidence(
            after=None, failure=Failure("no, it is compressed: X.", "ALTER TABLE t ADD c int")
        ),
        (),
        Versions("2.29.2", "2.17"),
    ),
    "an upgrade that fails after others": lambda: judge_combined(
        CombinedRun((), Failure("lock timeout on X.", "DROP TABLE t"), "0003")
    ),
    "an upgrade that fails after others, in Python": lambda: judge_combined(
        CombinedRun((), Failure("ValueError: no"), "0003")
    ),
    "an upgrade that does not fail after others": lambda: judge_combined(CombinedRun(())),
    "an upgrade with another effect after others": lambda: judge_combined(
        CombinedRun((), stopped_at="0002", differences=("table s.t is new", "table t is gone"))
    ),
    "writes that fail": lambda: judge(
        evidence(
            failed_writes=(
                FailedWrite("t", "INSERT", 'UndefinedColumn: record "new" has no field "a"'),
                FailedWrite("t", "UPDATE", 'UndefinedColumn: record "new" has no field "a"'),
                FailedWrite("s.u", "DELETE", 'UndefinedTable: relation "v" does not exist'),
                FailedWrite("w", "UPDATE", 'UndefinedTable: relation "v" does not exist', True),
            )
        )
    ),
    "a warning": lambda: judge(
        evidence(
            statements=(statement(6, "x", notices=(Notice("WARNING", "old is kept for X."),)),)
        )
    ),
    "two warnings": lambda: judge(
        evidence(
            statements=(
                statement(6, "x", notices=(Notice("WARNING", "one"), Notice("WARNING", "two"))),
            )
        )
    ),
    "three warnings, a notice and an opinion": lambda: judge(
        evidence(
            statements=(
                statement(
                    6,
                    "x",
                    notices=(
                        Notice("NOTICE", "it is there"),
                        Notice(
                            "WARNING",
                            'column type "timestamp" used for "a" does not follow best practices',
                        ),
                        Notice("WARNING", "one"),
                        Notice("WARNING", "two"),
                    ),
                ),
                statement(7, "y", notices=(Notice("WARNING", "three"),)),
            )
        )
    ),
    "interrupted, and the next run fails": lambda: judge(
        evidence(
            interruptions=(
                Interruption(2, "x", ("t is there",), Failure("DuplicateTable: X.")),
                Interruption(3, "x"),
                Interruption(4, "x", MANY, Failure("no")),
                Interruption(5, "x", ("left",), None, ("missing",)),
            )
        )
    ),
    "interrupted, and the next run finds an aggregate": lambda: judge(
        evidence(
            interruptions=(
                Interruption(2, "x", ("g",), Failure('continuous aggregate "g" already exists')),
            )
        )
    ),
    "interrupted, and the next run does not finish": lambda: judge(
        evidence(interruptions=(Interruption(2, "x", MANY[:4], None, MANY),))
    ),
    "interrupted, and the next run finishes": lambda: judge(
        evidence(interruptions=(Interruption(2, "x", ("left",)),))
    ),
    "declared without a way back": lambda: judge(
        replace(back(), revision=replace(REVISION, irreversible="rows are gone from X."))
    ),
    "without a way back, by its downgrade": lambda: judge(back(irreversible="not here.")),
    "a downgrade that drops the extension": lambda: judge(back(dropped_extension=True)),
    "a downgrade that fails": lambda: judge(back(failure=Failure("no table X."))),
    "a downgrade that does nothing": lambda: judge(back(statements=0, after=EMPTY)),
    "a downgrade that leads elsewhere": lambda: judge(back(after=table(rows=2))),
    "a downgrade that leaves traces": lambda: judge(
        back(after=replace(BEFORE, traces=TRACES + Counter({"relation b": 2})))
    ),
    "a downgrade that leaves chunks of a table that was there": lambda: judge(
        back(after=replace(BEFORE, traces=TRACES + CHUNK))
    ),
    "a downgrade that leaves chunks of a hypertable that the upgrade made": lambda: judge(
        replace(
            back(after=replace(BEFORE, traces=TRACES + CHUNK)),
            after=replace(BEFORE, traces=Counter({"row in _timescaledb_catalog.hypertable": 1})),
        )
    ),
    "a downgrade of an upgrade that lost rows": lambda: judge(
        replace(back(after=table(rows=1)), after=table(rows=1))
    ),
    "a downgrade after which a constraint is validated": lambda: judge_downgrade_of(
        {VALIDATED: False}, {VALIDATED: True}
    ),
    "a downgrade after which a constraint is not validated any more": lambda: judge_downgrade_of(
        {VALIDATED: True}, {VALIDATED: False}
    ),
    "a downgrade that leads back": lambda: judge(back()),
    "offline SQL that fails": lambda: judge(
        evidence(offline=OfflineOutcome(Failure("SyntaxError: at X.", "SELECT %%")))
    ),
    "offline SQL that cannot be made": lambda: judge(
        evidence(offline=OfflineOutcome(Failure("no")))
    ),
    "offline SQL that does something else": lambda: judge(
        evidence(offline=OfflineOutcome(None, MANY))
    ),
    "offline SQL that does the same": lambda: judge(evidence(offline=OfflineOutcome())),
    "drift, of a revision that changed the fact": lambda: drift(
        CHUNKS.id,
        evidence(after=replace(BEFORE, facts={CHUNKS: 8})),
        replace(evidence(after=None), revision=replace(REVISION, identifier="0003")),
    ),
    "drift, of a fact that no revision changed": lambda: drift(
        RETENTION.id,
        evidence(),
        evidence(),
        replace(evidence(), revision=replace(REVISION, identifier="0003")),
    ),
    "a rule over policies that is broken": lambda: judge_drift(
        [
            Broken(
                broken_key("refresh-gap", "daily", "1 day to 2 days"), "A gap", "Mend it."
            ).finding
        ],
        [evidence()],
    ),
    "a table dropped": lambda: judge_rows(evidence(after=EMPTY)),
    "a continuous aggregate dropped": lambda: judge_rows(
        Evidence(REVISION, replace(BEFORE, facts={AGGREGATE: True}), after=EMPTY)
    ),
    "a continuous aggregate that has fewer rows": lambda: judge_rows(
        Evidence(REVISION, replace(BEFORE, facts={AGGREGATE: True}), after=table(rows=1))
    ),
    "a column dropped": lambda: judge_rows(evidence(after=table(columns={1: A}))),
    "rows deleted": lambda: judge_rows(
        evidence(
            after=table(rows=1),
            statements=(
                statement(8, "SELECT", rows=(rows("t"), rows("u", written=2))),
                statement(9, "DELETE", rows=(rows("u"), rows("t", written=2))),
            ),
        )
    ),
    "rows altered": lambda: judge_rows(
        evidence(
            after=table(columns={1: A, 2: replace(B, digest=9)}),
            statements=(statement(9, "UPDATE", rows=(rows("t", written=3),)),),
        )
    ),
    "values overwritten": lambda: judge_rows(
        replace(
            back(after=table(columns={1: A, 2: replace(B, digest=9, values=frozenset({1}))})),
            before=WITH_VALUES,
            after=table(columns={1: A, 2: replace(B, digest=9)}),
            statements=(statement(9, "UPDATE", rows=(rows("t", written=3),)),),
        )
    ),
    "values of a continuous aggregate overwritten": lambda: judge_rows(
        replace(
            back(after=_in_a_schema(values=frozenset({1}))),
            before=_in_a_schema(values=VALUES),
            after=_in_a_schema(digest=9),
        )
    ),
    "values overwritten and restored": lambda: judge_rows(
        replace(
            back(after=WITH_VALUES),
            before=WITH_VALUES,
            after=table(columns={1: A, 2: replace(B, digest=9)}),
        )
    ),
    "values overwritten, the way back not tried": lambda: judge_rows(
        evidence(before=WITH_VALUES, after=table(columns={1: A, 2: replace(B, digest=9)}))
    ),
    "a shorter retention": lambda: judge_rows(
        evidence(after=replace(BEFORE, facts={RETENTION: Interval.parse("30 days")}))
    ),
    "a sequence left behind": lambda: judge_rows(
        evidence(
            lagging_sequences=(LaggingSequence("t.a", 1, 3, "SELECT setval('t_a_seq', 3)", 9),)
        )
    ),
    "an altered type where compression is": lambda: judge_compression(
        evidence(after=table(columns=TYPE)), (), Versions("2.30")
    ),
    "a constraint where compression is": lambda: judge_compression(
        evidence(after=table(constraints={9: ("check", "c")})), (), Versions("2.29.2", "2.19")
    ),
    "a constraint where compression is and nobody names a version": lambda: judge_compression(
        evidence(after=table(constraints={9: ("check", "c")})), (), Versions("2.29.2")
    ),
    "a generated column where compression is": lambda: judge_compression(
        evidence(after=table(columns={1: A, 2: B, 3: replace(A, name="g", computed=True)})),
        (),
        Versions("2.30"),
    ),
    "accepted without a reason": lambda: accept("0002", {"lock-scan": " "}, [ACCEPTED]),
    "accepted in vain": lambda: accept(
        "0002", {"rewrite:t": "why", "data-lost": "why", "drift:check:t.c:exists": "why"}, []
    ),
    "accepted in vain, of squawk": lambda: accept("0002", {"squawk:renaming-column": "why"}, []),
    "accepted under a wrong name": lambda: accept(
        "0002", {"lock-hold:t": "why", "upgrade-failed": "why"}, []
    ),
}

SCANS = (
    "CREATE UNIQUE INDEX i ON t (a)",
    "CREATE INDEX i ON t (a)",
    "REINDEX TABLE t",
    "ALTER TABLE t ADD PRIMARY KEY (a)",
    "ALTER TABLE t ADD EXCLUDE USING gist (a WITH &&)",
    "ALTER TABLE t VALIDATE CONSTRAINT c",
    "ALTER TABLE t ADD CHECK (a > 0)",
    "ALTER TABLE t ALTER a SET NOT NULL",
    "SELECT decompress_chunk('c')",
    "SELECT 1",
)
REWRITES = (
    "CLUSTER t USING i",
    "CALL convert_to_columnstore('c')",
    "ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE t ALTER a TYPE bigint",
)
#: What is advised, by what it is advised for.
#: One SQLSTATE of each cause, and one that is nobody's.
STATES = (
    *("22P02", "23502", "23503", "23505", "23514", "23P01", "2BP01", "3F000", "40P01", "42501"),
    *("42601", "42701", "42703", "42704", "42710", "42883", "42P01", "42P07", "55P03", "57014"),
    *("53200", "P0001", "XX000"),
)

HINTS = {
    **{f"scan: {sql}": lambda sql=sql: hint_for_scan(sql, hypertable=False) for sql in SCANS},
    **{
        f"scan of a hypertable: {sql}": lambda sql=sql: hint_for_scan(sql, hypertable=True)
        for sql in SCANS
    },
    **{
        f"rewrite: {sql}": lambda sql=sql: hint_for_rewrite(sql, hypertable=False)
        for sql in REWRITES
    },
    **{
        f"rewrite of a hypertable: {sql}": lambda sql=sql: hint_for_rewrite(sql, hypertable=True)
        for sql in REWRITES
    },
    **{
        f"refusal: {sql}": lambda sql=sql: hint_for_refusal(sql)
        for sql in ("ALTER TABLE t ADD c int NOT NULL", "ALTER TABLE t ADD CHECK (a > 0)")
    },
    **{
        f"offline: {reason}": lambda reason=reason: hint_for_offline(reason)
        for reason in (
            "SyntaxError: no",
            "no operator %%",
            "'MockConnection' has none",
            "No literal value renderer is available",
            "TypeError",
        )
    },
    **{
        f"a failure with the SQLSTATE {state}": lambda state=state: hint_for(
            Failure("no", "X", (), state)
        )
        for state in STATES
    },
    "a failure for a row without a partition": lambda: hint_for(
        Failure('no partition of relation "t" found for row', "INSERT INTO t", (), "23514")
    ),
    **{
        f"a failure for a written value: {reason}": lambda reason=reason: hint_for(
            Failure(reason, "X", (), "23000")
        )
        for reason in (
            'new row for relation "t" violates check constraint "c"',
            'value for domain d violates check constraint "c"',
            'null value in column "c" of relation "t" violates not-null constraint',
            'duplicate key value violates unique constraint "c"',
            'check constraint "c" of relation "t" is violated by some row',
        )
    },
    "a failure for an extension": lambda: hint_for(
        Failure('extension "postgis" is not available', "CREATE EXTENSION postgis", (), "0A000")
    ),
    **{
        f"failure: {reason}": lambda reason=reason: hint_for(Failure(reason, "X"))
        for reason in (
            "VACUUM cannot run inside a transaction block",
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block",
            "hypertables do not support concurrent index creation",
            "concurrent index creation on hypertables is not supported",
            "hypertables do not support adding a constraint using an existing index",
            'cannot create a unique index without the column "at"',
            'columnstore not enabled on hypertable "t"',
            "canceling statement due to lock timeout",
            'extension "timescaledb" cannot be updated after the old version has already been'
            " loaded",
            "division by zero",
        )
    },
}
