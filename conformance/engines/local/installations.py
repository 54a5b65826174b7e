"""Find the PostgreSQL servers of this machine, and the versions of TimescaleDB that they have."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.comparing.capabilities import POSTGRESQL_MAJORS, version_tuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The folders of a server's programs in packages: Debian, postgresql.org for Red Hat and SUSE,
#: Alpine, PostgreSQL's own `make install`, Homebrew on both kinds of Mac, Postgres.app.
USUAL_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_CONTROL = "timescaledb.control"
_DEFAULT_VERSION = re.compile(r"^\s*default_version\s*=\s*'([^']*)'", re.MULTILINE)


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL server that can be started.

    Attributes:
        programs: the folder of `initdb` and `postgres`.
        version: PostgreSQL's version, such as 15.18.
        share: the folder that contains `extension`, with control files and scripts.
        libraries: the folder of the extensions' libraries.
    """

    programs: Path
    version: str
    share: Path
    libraries: Path

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} in {self.programs}"

    @property
    def major(self) -> int:
        """PostgreSQL's major version."""
        return version_tuple(self.version)[0]

    @property
    def is_supported(self) -> bool:
        """Whether PostgreSQL is not too old; versions that are too new are tried."""
        return self.major >= POSTGRESQL_MAJORS.start

    @property
    def control(self) -> Path:
        """The file that names TimescaleDB's default version."""
        return self.share / "extension" / _CONTROL

    @cached_property
    def timescaledb(self) -> str | None:
        """TimescaleDB's default version; None if it is not installed."""
        try:
            found = _DEFAULT_VERSION.search(self.control.read_text("utf-8"))
        except OSError:
            return None
        return found[1] if found else None

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """All versions of TimescaleDB that CREATE EXTENSION can create, the oldest first."""
        scripts = self.control.parent.glob("timescaledb--*.sql")
        versions = (path.stem.removeprefix("timescaledb--") for path in scripts)
        # A script with another -- in its name updates from one version to another.
        whole = (version for version in versions if "--" not in version)
        return tuple(sorted(filter(self._has_library, whole), key=version_tuple))

    def is_community(self, version: str) -> bool:
        """Whether this version of TimescaleDB has the library of the Community edition."""
        return self._library(f"timescaledb-tsl-{version}") is not None

    def _has_library(self, version: str) -> bool:
        return self._library(f"timescaledb-{version}") is not None

    def _library(self, name: str) -> Path | None:
        paths = (self.libraries / f"{name}{suffix}" for suffix in (".so", ".dylib"))
        return next(filter(Path.is_file, paths), None)


def installed(usual: Iterable[str] = USUAL_FOLDERS) -> list[Installation]:
    """The installations of this machine: first that of PATH, then the others, newest first.

    Args:
        usual: patterns of the folders to search.
    """
    found: dict[Path, Installation] = {}
    elsewhere = [read(folder) for pattern in usual for folder in Path("/").glob(pattern[1:])]
    elsewhere.sort(key=lambda one: version_tuple(one.version) if one else (), reverse=True)
    for installation in (*map(read, _on_the_path()), *elsewhere):
        if installation is not None:
            found.setdefault((installation.programs / "postgres").resolve(), installation)
    return list(found.values())


def read(folder: Path) -> Installation | None:
    """The installation whose programs are in the folder or in its subfolder `bin`."""
    for programs in (folder, folder / "bin"):
        if all((programs / name).is_file() for name in ("initdb", "postgres")):
            installation = _described(programs)
            return installation if installation.version else None
    return None


def _on_the_path() -> list[Path]:
    folders = []
    if config := shutil.which("pg_config"):
        folders += [Path(text) for text in _ask([config, "--bindir"])]
    if program := shutil.which("postgres"):
        folders.append(Path(program).resolve().parent)
    return folders


def _described(programs: Path) -> Installation:
    """Describe an installation by pg_config; without pg_config, by its folders."""
    config = programs / "pg_config"
    answers = _ask([str(config), "--version", "--sharedir", "--pkglibdir"])
    if len(answers) == 3:  # noqa: PLR2004 - what was asked
        version, share, libraries = answers
        return Installation(programs, _number(version), Path(share), Path(libraries))
    version = _number(" ".join(_ask([str(programs / "postgres"), "--version"])))
    return Installation(programs, version, *_seen_from(programs.resolve(), version))


def _seen_from(programs: Path, version: str) -> tuple[Path, Path]:
    """The folders of data and libraries, at the usual places relative to the programs."""
    above, major = programs.parent, version.partition(".")[0]
    shares = ("share/pgsql", "share/postgresql", f"share/postgresql{major}", "share")
    libraries = ("lib64/pgsql", "lib/pgsql", "lib/postgresql", f"lib/postgresql{major}", "lib")
    return (
        next((above / one for one in shares if (above / one / "extension").is_dir()), above),
        next((above / one for one in libraries if (above / one / "plpgsql.so").exists()), above),
    )


def _number(version: str) -> str:
    """`PostgreSQL 15.18 (Debian 15.18-0+deb12u1)` and `postgres (PostgreSQL) 15.18` -> `15.18`."""
    found = re.search(r"\b\d+(\.\d+)?", version)
    return found[0] if found else ""


def _ask(command: list[str]) -> list[str]:
    """The lines of the program's output; empty if the program fails."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program that was looked up
            command, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.splitlines()
