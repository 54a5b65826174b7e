"""Data directories: created by initdb, and unpacked from a kept copy in later runs."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
from base64 import b64encode
from hmac import digest
from typing import TYPE_CHECKING

from conformance.engines.local.kept import keep, place_of, unpack
from conformance.engines.local.removal import DATA
from conformance.engines.server.own_server import SETTINGS, error_line
from conformance.errors import LocalUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engines.local.account import Account
    from conformance.engines.local.installations import Installation

#: Settings of `postgresql.conf`. The port is an argument of the server.
CONFIGURATION = {
    **SETTINGS,
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "shared_preload_libraries": "'timescaledb'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # `engine` reads the log for its messages.
    "logging_collector": "off",
    "log_line_prefix": "''",
}
_INITDB = (
    *("--no-sync", "--no-instructions", "--username=postgres", "--encoding=UTF8"),
    *("--auth=scram-sha-256", "--lc-messages=C"),
)
#: The locale of containers, and one that every system has.
_LOCALES = ("--locale=C.UTF-8", "--no-locale")
_PASSWORD = "password"  # noqa: S105 - a file's name


def make_data(installation: Installation, account: Account, folder: Path) -> Path | None:
    """Create a data directory in the folder.

    Args:
        account: the owner of the data directory.
        folder: the folder of the cluster, which the owner can enter.

    Returns:
        The kept copy from which it was unpacked; None if initdb created it.

    Raises:
        LocalUnavailable: initdb fails, or the disk is full.
    """
    kept = place_of(installation, account, made_with=(*_INITDB, *_LOCALES, CONFIGURATION))
    data = folder / DATA
    try:
        _make_empty(data, account)
        if unpack(kept, account, data):
            return kept
        _make_empty(data, account)
        _create(installation, account, folder)
    except OSError as error:
        raise no_data(error) from None
    keep(kept, account, data)
    return None


def password_of(folder: Path) -> str:
    """The superuser's password of the cluster in the folder."""
    return (folder / DATA / _PASSWORD).read_text("ascii")


def no_data(error: OSError) -> LocalUnavailable:
    """The error of creating a data directory in the temporary folder."""
    return LocalUnavailable(
        f"A data directory cannot be created in {tempfile.gettempdir()}: "
        f"{error.strerror or error}.",
        "Free disk space there, set TMPDIR to a writable folder with 200 MB of free space",
    )


def environment() -> dict[str, str]:
    """The environment for PostgreSQL's programs: without variables that address other servers.

    LC_ALL is set because a server on macOS does not start without a locale.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**ours, "LC_ALL": "C"}


def scram_verifier(password: str) -> str:
    """The SCRAM secret of a password (PostgreSQL documentation, "pg_authid"; RFC 5803).

    One iteration suffices: the password is random, and each iteration slows every connection down.
    """
    salt, iterations = secrets.token_bytes(16), 1
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key, server_key = (
        digest(salted, key, "sha256") for key in (b"Client Key", b"Server Key")
    )
    parts = (salt, hashlib.sha256(client_key).digest(), server_key)
    salt64, stored64, server64 = (b64encode(part).decode() for part in parts)
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def _make_empty(data: Path, account: Account) -> None:
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(0o700)
    account.give(data)


def _create(installation: Installation, account: Account, folder: Path) -> None:
    """Create the data directory with initdb."""
    password = secrets.token_urlsafe(24)
    verifier = folder / "verifier"
    verifier.touch(0o600)
    verifier.write_text(scram_verifier(password))
    account.give(verifier)
    refusals = []
    for locale in _LOCALES:
        done = _initdb(installation, account, folder, f"--pwfile={verifier}", locale)
        if done.returncode == 0:
            break
        refusals.append(error_line(done.stderr).rstrip("."))
    else:
        raise LocalUnavailable(
            f"initdb of {installation} fails: {refusals[0]}.",
            "Free disk space in the temporary folder, set TMPDIR to another folder",
        )
    verifier.unlink()
    settings = "".join(f"{name} = {value}\n" for name, value in CONFIGURATION.items())
    _append(account, folder / DATA / "postgresql.conf", settings)
    _append(account, folder / DATA / _PASSWORD, password)


def _append(account: Account, file: Path, text: str) -> None:
    """Append as the server's user: root must not write where that user may have put a link."""
    done = subprocess.run(  # noqa: S603 - fixed words and a file of ours
        ["tee", "-a", str(file)],  # noqa: S607 - wherever the system has it
        **account.of_a_process,
        umask=0o077,
        input=text,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise OSError(error_line(done.stderr).rstrip("."))


def _initdb(
    installation: Installation, account: Account, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    program = installation.programs / "initdb"
    with account.starting(program):
        return subprocess.run(  # noqa: S603 - a program that was looked up, words of ours
            # The data directory comes last: `removal.servers` recognises this end.
            [str(program), *_INITDB, *arguments, "-D", str(folder / DATA)],
            **account.of_a_process,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
