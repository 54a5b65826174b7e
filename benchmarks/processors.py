"""The processor time of this process and of the server's, which other loads do not change."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection


def processor(connection: Connection) -> tuple[float, float] | None:
    """Seconds that this process and the connection's took so far; None if that is elsewhere."""
    pid, database = connection.execute(text("SELECT pg_backend_pid(), current_database()")).one()
    folder = Path(f"/proc/{pid}")
    try:
        # The title of a PostgreSQL process names its database.
        if f" {database} " not in (folder / "cmdline").read_text():
            return None
        user, system = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return None
    return time.process_time(), (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
