"""A disk that fills in the middle: a tablespace on a file system of a few megabytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conformance.engines.connecting import connect, parse_url, trouble_of_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from conformance.engines.base import Engine

MAKE = """
CREATE EXTENSION timescaledb;
CREATE TABLE readings (at timestamptz NOT NULL, place int NOT NULL, noise text)
    TABLESPACE {tablespace};
SELECT create_hypertable('readings', 'at', create_default_indexes => false);
ALTER TABLE readings SET (timescaledb.compress, timescaledb.compress_segmentby = 'place');
INSERT INTO readings SELECT timestamptz '2024-01-01' + n * interval '1 second', mod(n, 3),
    (SELECT string_agg(md5(n::text || k::text), '') FROM generate_series(1, 20) k)
    FROM generate_series(1, 6000) n;
"""
COUNT = "SELECT count(*), sum(hashtext(noise)) FROM readings"
COMPRESS = "SELECT compress_chunk(show_chunks('readings'))"


@pytest.fixture
def small(server_engine: Engine) -> Iterator[Path]:
    """A file system of 12 MB that belongs to the server's user."""
    if server_engine.name == "container" or os.geteuid() != 0:
        pytest.skip("needs root, and a server of this machine")
    if not server_engine.capabilities.community_edition:
        pytest.skip("the Apache edition has no compression")
    # The server's user does not reach a folder of pytest's.
    with TemporaryDirectory() as made:
        folder = Path(made)
        mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", made]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
        try:
            shutil.chown(folder, "postgres", "postgres")
            yield folder
        finally:
            subprocess.run(["umount", made], check=True)


@pytest.fixture
def tablespace(server_engine: Engine, small: Path) -> Iterator[str]:
    """The tablespace on it."""
    assert server_engine.server_url is not None
    name = f"conformance_small_{os.getpid()}"
    with connect(parse_url(server_engine.server_url), autocommit=True) as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{small}'")
        yield name
        connection.exec_driver_sql(f"DROP TABLESPACE {name}")


def test_while_a_chunk_is_compressed(server_engine: Engine, small: Path, tablespace: str) -> None:
    with server_engine.database() as url, connect(url, autocommit=True) as connection:
        connection.exec_driver_sql(MAKE.format(tablespace=tablespace))
        before = connection.execute(text(COUNT)).one()
        filling = small / "filling"
        _fill(filling)
        with pytest.raises(DBAPIError) as caught:
            connection.exec_driver_sql(COMPRESS)
        assert connection.execute(text(COUNT)).one() == before
        assert _compressed(connection) == 0
        filling.unlink()
        connection.exec_driver_sql(COMPRESS)
        assert connection.execute(text(COUNT)).one() == before
        assert _compressed(connection) == 1
    trouble = trouble_of_server(caught.value, "the run")
    assert trouble is not None
    assert trouble.problem.startswith("The server could not go on during the run: could not ")


def _fill(file: Path) -> None:
    with file.open("wb") as stream:
        free = shutil.disk_usage(file.parent).free
        stream.write(b"\0" * (free - 200_000))


def _compressed(connection: Connection) -> int:
    query = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed"
    return int(connection.scalar(text(query)) or 0)
