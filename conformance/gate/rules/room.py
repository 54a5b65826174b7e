"""What is estimated in bytes, and what one row takes at least and at most. Pure.

Source of the figures: measurements, as `conformance.gate.rules.volumes` says.
"""

from __future__ import annotations

DISK, WAL = "bytes of free disk", "bytes of WAL"
#: WAL of rows that change, at most, in bytes of their part of the table; and at least, for a row.
CHANGED, RECORD = 4.0, 50
#: What the WAL adds to each row that is written, at most; much where rows are narrow.
HEADER = 100
