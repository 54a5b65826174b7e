"""Migrations in processes of their own: Alembic keeps what it runs in global variables.

`python -m conformance.suite.migrating` reads from standard input what to migrate, connects, says
that it is ready, and runs `alembic upgrade head` when the next line comes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, pool

from conformance.migrations import alembic_config, upgrade
from conformance.suite.sessions import PATIENCE

if TYPE_CHECKING:
    from sqlalchemy import URL


def upgrade_at_once(url: URL, ini: str, *, apache: bool, number: int = 2) -> list[str]:
    """Run so many upgrades of one database at the same moment.

    Args:
        url: the database.
        ini: Alembic's configuration.
        apache: leave out what the Apache edition lacks.

    Returns:
        The last line of what each one complained about; empty where it succeeded.

    Raises:
        subprocess.TimeoutExpired: one does not come to an end.
    """
    # By standard input: the arguments of a process are for everybody to see.
    work = {"url": url.render_as_string(hide_password=False), "ini": ini, "apache": apache}
    with ExitStack() as stack:
        processes = [_start(stack) for _ in range(number)]
        for process in processes:
            with suppress(BrokenPipeError):
                process.stdin.write(f"{json.dumps(work)}\n")
                process.stdin.flush()
        for process in processes:
            process.stdout.readline()
        for process in processes:
            with suppress(BrokenPipeError):
                process.stdin.write("go\n")
                process.stdin.flush()
        return [_complaint(process) for process in processes]


def _start(stack: ExitStack) -> Any:
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "conformance.suite.migrating"],
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
    return lines[-1] if lines else f"it ends with exit code {process.returncode}"


def main() -> None:
    """The process's side."""
    work = json.loads(sys.stdin.readline())
    with create_engine(work["url"], poolclass=pool.NullPool).connect() as connection:
        config = alembic_config(work["ini"])
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if sys.stdin.readline():
            upgrade(connection, config, apache=work["apache"])


if __name__ == "__main__":
    main()
