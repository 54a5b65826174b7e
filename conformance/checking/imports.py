"""A plugin of pytest that comes before the others, which import Alembic when they are loaded."""

from __future__ import annotations

from conformance.process.standard_library import put_first

put_first()
