"""Choose one of the installed PostgreSQL servers and a version of TimescaleDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.comparing.capabilities import OLDEST_TIMESCALEDB, POSTGRESQL_MAJORS, version_tuple
from conformance.comparing.pairs import why_not_a_pair
from conformance.engines.local.installations import Installation, installed, read
from conformance.errors import EngineUnavailable, LocalUnavailable

#: Only at the end of the choice: the name of a folder may contain an @, too.
_VERSION = re.compile(r"@(\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)$")
_OLDEST = ".".join(map(str, OLDEST_TIMESCALEDB))
_NAME = "name the folder of a PostgreSQL with --engine local:FOLDER"
_INSTALL = f"Install TimescaleDB {_OLDEST} or later for this PostgreSQL, {_NAME}"


@dataclass(frozen=True)
class Chosen:
    """The chosen installation and version.

    Attributes:
        timescaledb: the version that CREATE EXTENSION should create.
    """

    installation: Installation
    timescaledb: str

    @property
    def is_community(self) -> bool:
        """Whether the version has compression and policies."""
        return self.installation.is_community(self.timescaledb)


def choose(choice: str) -> Chosen:
    """Resolve `local`, `local:17`, `local:/usr/pgsql-17/bin` or `local:17@2.24.0`.

    Raises:
        EngineUnavailable: PostgreSQL is not installed, or has no supported TimescaleDB.
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
                f"Install PostgreSQL {where}, {_NAME}",
            )
        return _first(fitting, version)
    named = read(Path(where).expanduser())
    if named is None:
        raise LocalUnavailable(
            f"The folder {where} has no PostgreSQL server: initdb and postgres are missing.",
            "Name the folder that pg_config --bindir prints",
        )
    return _with(named, version)


def _first(candidates: list[Installation], version: str | None) -> Chosen:
    """The first suitable installation.

    Raises:
        EngineUnavailable: none is suitable; the error is that of the first installation.
    """
    errors = []
    for installation in candidates:
        try:
            return _with(installation, version)
        except EngineUnavailable as error:
            errors.append(error)
    if not errors:
        raise LocalUnavailable(
            "No PostgreSQL server is installed here.",
            f"Install PostgreSQL with TimescaleDB, {_NAME}",
        )
    raise errors[0]


def _with(installation: Installation, version: str | None) -> Chosen:
    if not installation.is_supported:
        raise LocalUnavailable(
            f"{installation} is too old; {POSTGRESQL_MAJORS.start} is the oldest supported "
            "version.",
            f"Install a newer PostgreSQL, {_NAME}",
        )
    if installation.timescaledb is None:
        raise LocalUnavailable(f"{installation} does not have TimescaleDB.", _INSTALL)
    if version is not None and version not in installation.offered:
        if (refusal := why_not_a_pair(installation.major, version)) is not None:
            problem, hint = refusal
            raise LocalUnavailable(problem, hint.rstrip("."))
        offered = ", ".join(installation.offered) or "no version with a library"
        raise LocalUnavailable(
            f"{installation} does not offer TimescaleDB {version}.",
            f"Name a version that this PostgreSQL offers ({offered})",
        )
    chosen = version or installation.timescaledb
    if version_tuple(chosen) < OLDEST_TIMESCALEDB:
        raise LocalUnavailable(
            f"{installation} has TimescaleDB {chosen}; {_OLDEST} is the oldest supported version.",
            _INSTALL,
        )
    return Chosen(installation, chosen)


def _known(installations: list[Installation]) -> str:
    if not installations:
        return "no PostgreSQL server is"
    majors = sorted({str(one.major) for one in installations})
    return f"{' and '.join(majors)} {'are' if len(majors) > 1 else 'is'}"
