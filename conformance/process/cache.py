"""The folder for what is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

#: Names another folder than the user's cache folder.
CACHE_VARIABLE = "TIMESCALEDB_CONFORMANCE_CACHE"


def cache_folder() -> Path:
    """The folder for everything that is kept between runs; it may not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else user_cache_path("timescaledb-conformance")
