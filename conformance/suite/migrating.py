"""Run upgrades in separate processes, because Alembic keeps its state in global variables.

`python -m conformance.suite.migrating` reads the database from standard input, connects, prints
that it is ready, and runs `alembic upgrade head` after the next line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, pool
from sqlalchemy.exc import DBAPIError

from conformance.errors import describe_briefly
from conformance.process.standard_library import command
from conformance.project.configuration import configured
from conformance.project.migrations import Migrations
from conformance.project.scripts import config_for
from conformance.suite.sessions import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

#: Maximum seconds for which upgrades are blocked: less than any sensible lock timeout.
_LONGEST_HOLD = 3.0

_WAITING = """
SELECT pg_catalog.count(DISTINCT l.pid)
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_database d ON d.oid = l.database
WHERE NOT l.granted AND d.datname = pg_catalog.current_database()
"""


def upgrade_at_once(url: URL, migrations: Migrations, *, number: int = 2) -> list[str]:
    """Run several upgrades of one database at the same moment.

    Args:
        url: the database.

    Returns:
        The last line of each upgrade's errors; empty if the upgrade succeeded.

    Raises:
        subprocess.TimeoutExpired: an upgrade does not end.
    """
    # By standard input, because all users can see the arguments of a process.
    work = {
        "url": url.render_as_string(hide_password=False),
        "ini": migrations.ini,
        "edition": migrations.edition,
    }
    with ExitStack() as stack:
        processes = [_start(stack) for _ in range(number)]
        for process in processes:
            with suppress(BrokenPipeError):
                process.stdin.write(f"{json.dumps(work)}\n")
                process.stdin.flush()
        for process in processes:
            process.stdout.readline()
        with _blocked_until_waiting(url, number):
            for process in processes:
                with suppress(BrokenPipeError):
                    process.stdin.write("go\n")
                    process.stdin.flush()
        return [_complaint(process) for process in processes]


@contextmanager
def _blocked_until_waiting(url: URL, number: int) -> Iterator[None]:
    """Block changes of the catalog until so many sessions wait for a lock.

    Otherwise the first upgrade could finish before the others begin. Only a superuser can block
    them; for other roles the upgrades overlap by chance.
    """
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        try:
            connection.exec_driver_sql("LOCK TABLE pg_catalog.pg_class IN SHARE MODE")
        except DBAPIError:
            connection.rollback()
            number = 0
        yield
        deadline = time.monotonic() + _LONGEST_HOLD
        while time.monotonic() < deadline:
            if connection.exec_driver_sql(_WAITING).scalar_one() >= number:
                break
            time.sleep(0.02)


def _start(stack: ExitStack) -> Any:
    process = stack.enter_context(
        subprocess.Popen(  # noqa: S603 - our own module
            command("conformance.suite.migrating"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    return process


def _complaint(process: Any) -> str:
    _, complaints = process.communicate(timeout=PATIENCE)
    if process.returncode == 0:
        return ""
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    return lines[-1] if lines else f"an upgrade ends with exit code {process.returncode}"


def main() -> None:
    """Run one upgrade, as the module's docstring says."""
    work = json.loads(sys.stdin.readline())
    with create_engine(work["url"], poolclass=pool.NullPool).connect() as connection:
        migrations = Migrations(config_for(configured(alembic_ini=work["ini"])), work["edition"])
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if sys.stdin.readline():
            try:
                migrations.upgrade(connection)
            # A migration may raise anything; `_complaint` reads the last line.
            except Exception as error:
                sys.exit(describe_briefly(error))


if __name__ == "__main__":
    main()
