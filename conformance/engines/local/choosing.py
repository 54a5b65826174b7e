"""Which of the installed PostgreSQL servers is meant, and with which version of TimescaleDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.comparing.capabilities import OLDEST_TIMESCALEDB, POSTGRESQL_MAJORS, version_tuple
from conformance.engines.local.installations import Installation, installed, read
from conformance.errors import EngineUnavailable, LocalUnavailable

#: How the choice is written; FOLDER is that of `initdb` and `postgres`.
FORM = "local[:MAJOR|:FOLDER][@TIMESCALEDB]"
#: At the end of the choice: a folder may have an @ in its name too.
_VERSION = re.compile(r"@(\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)$")
_OLDEST = ".".join(map(str, OLDEST_TIMESCALEDB))
_NAME = "name the folder of one with --engine local:FOLDER"
_INSTALL = f"Install TimescaleDB {_OLDEST} or later for it, {_NAME}"


@dataclass(frozen=True)
class Chosen:
    """What is started.

    Attributes:
        timescaledb: the version that CREATE EXTENSION is to give.
    """

    installation: Installation
    timescaledb: str

    @property
    def is_community(self) -> bool:
        """Whether that version has compression and policies."""
        return self.installation.is_community(self.timescaledb)


def choose(choice: str) -> Chosen:
    """What is meant by `local`, `local:17`, `local:/usr/pgsql-17/bin`, `local:17@2.24.0`.

    Raises:
        EngineUnavailable: it is not installed, or has no TimescaleDB that can be checked.
    """
    found = _VERSION.search(choice)
    version = found[1] if found else None
    where = choice[: found.start() if found else None].removeprefix("local").removeprefix(":")
    return _at(where, version)


def _at(where: str, version: str | None) -> Chosen:
    if not where:
        return _first(installed(), version)
    if where.isdecimal():
        everything = installed()
        if not (fitting := [one for one in everything if one.major == int(where)]):
            raise LocalUnavailable(
                f"PostgreSQL {where} is not installed here; {_known(everything)}.",
                f"Install it, {_NAME}",
            )
        return _first(fitting, version)
    named = read(Path(where).expanduser())
    if named is None:
        raise LocalUnavailable(
            f"{where} is not the folder of a PostgreSQL server: initdb and postgres are not there.",
            "Name the folder that has them, as pg_config --bindir prints it",
        )
    return _with(named, version)


def _first(candidates: list[Installation], version: str | None) -> Chosen:
    """The first that suits; where none does, the error of the first."""
    errors = []
    for installation in candidates:
        try:
            return _with(installation, version)
        except EngineUnavailable as error:
            errors.append(error)
    if not errors:
        raise LocalUnavailable(
            "No PostgreSQL server is installed here.",
            f"Install one with TimescaleDB, {_NAME}",
        )
    raise errors[0]


def _with(installation: Installation, version: str | None) -> Chosen:
    if not installation.is_supported:
        raise LocalUnavailable(
            f"{installation} is too old; {POSTGRESQL_MAJORS.start} is the oldest supported.",
            f"Install a newer one, {_NAME}",
        )
    if installation.timescaledb is None:
        raise LocalUnavailable(f"{installation} has no TimescaleDB.", _INSTALL)
    if version is not None and version not in installation.offered:
        offered = ", ".join(installation.offered) or "no version whose library is there"
        raise LocalUnavailable(
            f"{installation} does not offer TimescaleDB {version}.",
            f"Name one that it offers ({offered})",
        )
    chosen = version or installation.timescaledb
    if version_tuple(chosen) < OLDEST_TIMESCALEDB:
        raise LocalUnavailable(
            f"{installation} has TimescaleDB {chosen}; {_OLDEST} is the oldest supported.", _INSTALL
        )
    return Chosen(installation, chosen)


def _known(installations: list[Installation]) -> str:
    if not installations:
        return "no PostgreSQL server is"
    majors = sorted({str(one.major) for one in installations})
    return f"{' and '.join(majors)} {'are' if len(majors) > 1 else 'is'}"
