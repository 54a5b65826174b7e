"""PostgreSQL's message of a row without a partition."""

from __future__ import annotations

from conformance.comparing.partitions import lacks_partition, missing_partition

MESSAGE = 'no partition of relation "rates" found for row'


def test_the_row_is_named_where_the_server_names_it():
    detail = "Partition key of the failing row contains (at) = (2026-01-01)."
    assert missing_partition(MESSAGE, detail) == (
        "the table rates has no partition for the row with (at) = (2026-01-01)"
    )
    assert missing_partition(MESSAGE, "") == "the table rates has no partition for the row"


def test_other_messages():
    broken = 'new row for relation "rates" violates check constraint "positive"'
    assert missing_partition(broken, "Failing row contains (1).") is None
    assert lacks_partition(MESSAGE)
    assert not lacks_partition(broken)
