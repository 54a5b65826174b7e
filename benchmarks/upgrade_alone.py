"""Start an engine and run `alembic upgrade head` on an empty database of it; nothing else."""

from __future__ import annotations

import sys

from sqlalchemy import NullPool, create_engine

from conformance.engines import open_engine
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config


def main(choice: str) -> None:
    engine = open_engine(choice, None, print)
    try:
        engine.start()
        with engine.database() as url, create_engine(url, poolclass=NullPool).connect() as session:
            Migrations(alembic_config()).upgrade(session)
    finally:
        engine.stop()


if __name__ == "__main__":
    main(sys.argv[1])
