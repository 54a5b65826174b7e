"""What the ways to a new version take at the sizes of a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.gate.evidence.report import Lock
from conformance.gate.evidence.sizes import Limits, Size, Sizes
from conformance.reports.upgrade.sizes import locked, told
from conformance.upgrade.report import IN_PLACE, RESTORED, ExtensionUpdate, Rebuilt, Way
from conformance.upgrade.scaling import estimates

UPDATE = ExtensionUpdate(
    seconds=1.5,
    catalog=42,
    rebuilt=(Rebuilt("_timescaledb_catalog.chunk", 91),),
    locks=(
        Lock("curves", existed=True, chunks=8, mode="ACCESS EXCLUSIVE"),
        Lock("places", existed=True, mode="SHARE"),
    ),
    entries=228,
    of_chunks=168,
    chunks=56,
    wal_bytes=17_700_000,
)
HERE = Sizes(curves=Size(rows=400, bytes=80_000, chunks=56, batches=1))
THERE = Sizes(curves=Size(rows=4_000_000, bytes=8_000_000_000, chunks=5_600, batches=4_000))
WAYS = {RESTORED: Way(RESTORED, "pg_dump and pg_restore.", 3.0)}


def found(update=UPDATE, ways=WAYS, here=HERE, there=THERE):
    return {(item.relation, item.what): item for item in estimates(update, ways, here, there)}


def test_locks_are_held_longer_by_the_number_of_chunks_at_most():
    held = found()[IN_PLACE, "seconds of ACCESS EXCLUSIVE"]
    assert (held.low, held.high) == (1.5, 150)
    assert held.arithmetic == (
        "1,500.0 ms in the rehearsal; 5,600 chunks instead of 56: at most x 100"
    )
    assert told(held) == "in place: 1.5 to 150 seconds of ACCESS EXCLUSIVE"


def test_a_lock_table_that_is_too_small_is_told():
    entries = found()[IN_PLACE, "lock-table entries"]
    assert (entries.low, entries.high, entries.limit) == (17_028, 17_028, 6_400)
    assert entries.arithmetic == "228 + 5,600 chunks x 3"
    assert told(entries).startswith("in place: does not fit: 17,028 lock-table entries (the lock ")
    there = Sizes(THERE)
    there.limits = Limits(256, 100, known=True)
    enough = found(there=there)[IN_PLACE, "lock-table entries"]
    assert told(enough).startswith("in place: 17,028 lock-table entries (the lock table of that ")


def test_wal_and_a_restored_dump():
    every = found()
    wal = every[IN_PLACE, "bytes of WAL"]
    assert told(wal) == "in place: 17.7 MB to 1.8 GB of WAL"
    seconds = every[RESTORED, "seconds without writers"]
    assert (seconds.low, seconds.high) == (4, 30_000)
    assert "4,000,000 rows instead of 400" in seconds.arithmetic
    assert told(every[RESTORED, "bytes of free disk"]) == "restored: 8 GB of free disk"


def test_copied_rows_are_plain():
    """Chunks are compressed again by the policy."""
    (_, disk) = estimates(None, WAYS, HERE, THERE, copied=True)
    assert told(disk) == "restored: 8 GB to 160 GB of free disk"
    assert disk.arithmetic.endswith(
        ", and compressed rows are copied as plain ones, up to 20 times as large"
    )
    plain = Sizes(curves=replace(THERE["curves"], batches=0))
    (_, disk) = estimates(None, WAYS, HERE, plain, copied=True)
    assert told(disk) == "restored: 8 GB of free disk"


def test_a_smaller_database_takes_as_long():
    held = found(there=HERE)[IN_PLACE, "seconds of ACCESS EXCLUSIVE"]
    assert (held.low, held.high) == (1.5, 1.5)
    none = found(replace(UPDATE, chunks=0, of_chunks=0))[IN_PLACE, "lock-table entries"]
    assert none.high == 228


@pytest.mark.parametrize("way", [Way(RESTORED), Way(RESTORED, not_checked="no pg_dump")])
def test_a_way_that_was_not_gone_is_not_scaled(way):
    assert found(None, {RESTORED: way}) == {}
    assert found(None, {}) == {}


def test_what_the_update_locks_in_words():
    assert list(locked(UPDATE)) == [
        "For up to 1.5 s it locks 42 tables and views of TimescaleDB in ACCESS EXCLUSIVE mode: "
        "queries of hypertables wait.",
        "It locks curves and 8 chunks in ACCESS EXCLUSIVE mode.",
        "It locks places in SHARE mode.",
        "It writes anew _timescaledb_catalog.chunk (91 rows).",
        "It takes 396 lock-table entries and writes 17.7 MB of WAL.",
    ]
    many = replace(UPDATE, locks=tuple(Lock(f"t{i}", True, mode="SHARE") for i in range(6)))
    assert "It locks t0, t1, t2, t3 and 2 more in SHARE mode." in list(locked(many))
    bare = replace(UPDATE, locks=(), rebuilt=())
    assert len(list(locked(bare))) == 2
