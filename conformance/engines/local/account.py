"""The user that runs the server: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.errors import LocalUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The system user that packages of PostgreSQL create.
_USUAL = "postgres"


@dataclass(frozen=True)
class Account:
    """A user of this machine.

    Attributes:
        name: the name of the user; empty for the current user.
    """

    uid: int
    gid: int
    name: str = ""

    @property
    def of_a_process(self) -> dict[str, Any]:
        """Arguments of subprocess.Popen that start a program as this user."""
        if not self.name:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    @contextmanager
    def starting(self, program: Path) -> Iterator[None]:
        """Turn the error of starting the program into one sentence.

        Raises:
            LocalUnavailable: the program cannot be started.
        """
        try:
            yield
        except OSError as error:
            by = f" as user {self.name}" if self.name else ""
            raise LocalUnavailable(
                f"The program {program} cannot be started{by}: {error.strerror or error}.",
                "Name the folder of another PostgreSQL with --engine local:FOLDER",
            ) from None

    def give(self, path: Path) -> None:
        """Make this user the owner of the file or folder."""
        if self.name:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    """The user that may run a server: the current user, or `postgres` if that is root.

    Raises:
        LocalUnavailable: the current user is root, and the user `postgres` does not exist.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        user = pwd.getpwnam(_USUAL)
    except KeyError:
        raise LocalUnavailable(
            f"PostgreSQL does not run as root, and the system user {_USUAL} does not exist.",
            f"Run this as another user, create that user (useradd --system {_USUAL})",
        ) from None
    return Account(user.pw_uid, user.pw_gid, user.pw_name)
