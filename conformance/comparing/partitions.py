"""The server's message that a partitioned table has no partition for a row. Pure.

Its SQLSTATE is that of a broken CHECK.
"""

from __future__ import annotations

import re

#: What to do where `lacks_partition`.
PARTITION_FIRST = "Create the partition before the rows, or give the table a DEFAULT partition."
_MESSAGE = re.compile(r'no partition of relation "(?P<table>.+)" found for row')
_DETAIL = re.compile(r"Partition key of the failing row contains (?P<value>.+)\.")


def lacks_partition(message: str) -> bool:
    """Whether the server's message says that a partitioned table has no partition for a row."""
    return _MESSAGE.search(message) is not None


def missing_partition(message: str, detail: str) -> str | None:
    """The table, and the value for which it has no partition; None for any other message.

    Args:
        detail: the DETAIL of the message, which a role without privileges does not get.
    """
    found = _MESSAGE.search(message)
    if found is None:
        return None
    value = _DETAIL.search(detail)
    row = f"the row with {value['value']}" if value else "the row"
    return f"the table {found['table']} has no partition for {row}"
