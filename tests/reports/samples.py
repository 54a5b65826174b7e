"""Reports of a gate and of an upgrade with one of everything."""

from __future__ import annotations

from conformance.comparing.findings import NotChecked
from conformance.comparing.verdict import EngineUsed
from conformance.gate.evidence.report import (
    AffectedTable,
    Estimate,
    GateFinding,
    GateReport,
    Lock,
    Notice,
    RevisionReport,
    RowWork,
    Statement,
)
from conformance.upgrade.report import (
    AFRESH,
    IN_PLACE,
    RESTORED,
    Change,
    ExtensionUpdate,
    Rebuilt,
    Unchanged,
    UpgradeReport,
    Way,
    worst_first,
)

OLD = EngineUsed("container", "image timescaledb:old", "17.5", "2.20.3", "community")
NEW = EngineUsed("container", "image timescaledb:new", "17.5", "2.28.3", "community", "It is new.")

STATEMENTS = (
    Statement(1, "SET LOCAL lock_timeout = '5s'", 0.0004, 1, by_alembic=True),
    Statement(
        2, "ALTER TABLE market_data\n        ADD COLUMN vwap double precision", 0.004, 1,
        locks=(
            Lock("market_data", existed=True, chunks=5, mode="ACCESS EXCLUSIVE"),
            Lock("instruments", existed=True, mode="ACCESS SHARE"),
        ),
        held_seconds=1.49, idle_seconds=0.15,
    ),
    Statement(
        3, "UPDATE market_data SET vwap = (high + low + close) / 3", 1.25, 1,
        locks=(Lock("market_data", existed=True, itself=False, chunks=4, mode="ROW EXCLUSIVE"),),
        held_seconds=1.33,
        rows=(RowWork("market_data", existed=True, chunks=5, read=40, written=1),),
        rewrites=(AffectedTable("market_data", existed=True, chunks=5),),
        notices=(Notice("WARNING", "beware of this"),),
    ),
    Statement(
        4, "CREATE INDEX ix_curves_source ON curves (source)", 0.08, 1,
        locks=(
            Lock("ix_curves_source", existed=False, mode="ACCESS EXCLUSIVE"),
            Lock("curves", existed=True, chunks=3, mode="SHARE"),
        ),
        held_seconds=0.08,
    ),
    Statement(5, "UPDATE alembic_version SET version_num = '0002'", 0.001, 1, by_alembic=True),
)  # fmt: skip
REVISION = RevisionReport(
    "0002", "Add the volume-weighted price.", "versions/0002_vwap.py", STATEMENTS,
    ("The models agree with the database.",), "the old values are not known any more",
    (
        Estimate(
            2, "market_data", "lock-table entries", 6004, 6004, "1 + 2,001 chunks of 3 entries",
            4096, "the server has room for 4,096",
        ),
    ),
)  # fmt: skip
GATE = GateReport(
    NEW, "main (3f2a91c)", "0001",
    (REVISION, RevisionReport("0003", "Do nothing", "versions/0003_nothing.py")),
    (
        GateFinding("lock-held", "0002", "market_data", "A lock is held.", "Commit between.", 2),
        GateFinding("lock-scan", "0002", "curves", "Rows are read.", "Wait for the night.", 4),
        GateFinding("squawk:prefer-robust-stmts", "0002", "", "No IF NOT EXISTS.", "Add it.", 4),
        GateFinding(
            "lock-scan", "0002", "signals", "Rows are read.", "Wait.", 3, "the table is small"
        ),
    ),
    (NotChecked("interruption", "the engine has one session"),),
    seconds=12.3, sizes="sizes.json",
)  # fmt: skip

UPGRADE = UpgradeReport(
    OLD, NEW,
    (
        Way(IN_PLACE, "ALTER EXTENSION timescaledb UPDATE.", 1.25, ("WARNING: history",)),
        Way(RESTORED, not_checked="pg_dump is not installed on this machine"),
        Way(AFRESH, "The migration ran on an empty database.", 2.1),
    ),
    worst_first(
        (
            Change("lost", "rows:curves", "rows of curves: 64 before", 64, {IN_PLACE: 63}),
            Change(
                "altered", "view:latest:definition", "view latest, definition: differs", "SELECT 1",
                {IN_PLACE: "SELECT 2"}, "the view is dropped next week",
            ),
            Change("new-gap", "gap:timescaledb#1", "An upsert into a compressed chunk loses a row"),
            Change(
                "renamed", "policy-name:curves.compression", "name of policy curves.compression",
                "Compression Policy", {IN_PLACE: "Columnstore Policy", AFRESH: "Other Policy"},
            ),
        )
    ),
    Unchanged(46210, 89, 1114, 1174),
    (NotChecked("way:restored", "pg_dump is not installed on this machine"),),
    seconds=31.4,
    update=ExtensionUpdate(
        1.25, 42, (Rebuilt("_timescaledb_catalog.chunk", 91),),
        (Lock("curves", existed=True, chunks=8, mode="ACCESS EXCLUSIVE"),),
        228, 168, 56, 17_700_000,
    ),
    estimates=(
        Estimate(
            0, IN_PLACE, "lock-table entries", 36_228, 36_228, "228 + 12,000 x 3", 6_400, "few"
        ),
    ),
    sizes="of 1 table, from the given file",
)  # fmt: skip
