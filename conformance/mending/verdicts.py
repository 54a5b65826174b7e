"""The findings in a written verdict, of a check or of an audit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engines.connecting import parse_url, place
from conformance.errors import ConformanceError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL


@dataclass(frozen=True)
class Written:
    """The findings of a verdict.

    Attributes:
        ids: the ids of the findings.
        database: the audited database, without a password; empty for the verdict of a check.
    """

    ids: tuple[str, ...]
    database: str = ""


def described(url: URL) -> str:
    """A database as audits name it: `database desk at db.example.com:5432`."""
    return f"database {url.database} at {place(url)}"


def written_in(path: Path, address: str | None = None) -> Written:
    """The findings in a file.

    Args:
        address: the URL of the audited database; None if only the verdict of a check is wanted.

    Raises:
        ConformanceError: there is no such file, the file has no verdict, or not that of the
            database.
    """
    data = _read(path)
    verdict = _chosen(path, data, address) if "databases" in data else data
    if verdict["verdict"] == "could_not_run":
        raise ConformanceError(
            f"{path} has no verdict: the run was not possible.",
            "Run conformance check again.",
        )
    ids = tuple(
        str(name)
        for finding in verdict["findings"]
        for name in (finding["id"], *finding.get("others", ()))
    )
    if verdict.get("generated") is not None:
        if address is not None:
            raise ConformanceError(
                f"{path} is the verdict of a check, to which no database in use belongs.",
                "Give the file alone, or the URL alone.",
            )
        return Written(ids)
    if verdict.get("against") is not None:
        raise ConformanceError(
            f"{path} compares a database with another one, not with the models.",
            "Give the verdict of an audit without --against, or the URL of the database.",
        )
    database = _database(verdict)
    if address is None:
        raise ConformanceError(
            f"{path} is the verdict of an audit, which has no statements and no password.",
            f"Give the URL of the {database} as well: conformance fix {path} URL.",
        )
    return Written(ids, database)


def audited_in(path: Path) -> str:
    """The one database that an audit's verdict is about; empty for every other file."""
    try:
        data = _read(path)
    except ConformanceError:
        return ""
    of_one = "databases" not in data and data["verdict"] != "could_not_run"
    audited = of_one and data.get("generated") is None and data.get("against") is None
    return _database(data) if audited else ""


def _database(verdict: dict[str, Any]) -> str:
    return str(verdict.get("engine", {}).get("description", "database"))


def _read(path: Path) -> dict[str, Any]:
    try:
        data: Any = json.loads(path.read_text("utf-8"))
        for verdict in data.get("databases", [data]):
            _ = verdict["verdict"], [finding["id"] for finding in verdict["findings"]]
    except FileNotFoundError:
        raise ConformanceError(
            f"There is no verdict at {path}.",
            "Run conformance check first, or give the URL of a database.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConformanceError(
            f"{path} is not a verdict of conformance check or conformance audit.",
            "Give the JSON file that one of the two wrote, or the URL of a database.",
        ) from None
    return dict(data)


def _chosen(path: Path, data: dict[str, Any], address: str | None) -> dict[str, Any]:
    """Of the verdicts on several databases the one on the database at the address."""
    databases = data["databases"]
    if address is None:
        raise ConformanceError(
            f"{path} has the verdicts on {len(databases)} databases.",
            f"Give the URL of one of them as well: conformance fix {path} URL.",
        )
    wanted = described(parse_url(address))
    found = next((item for item in databases if _database(item) == wanted), None)
    if found is None:
        raise ConformanceError(
            f"{path} has no verdict on the {wanted}.",
            "Give a URL that was audited, or leave the file out.",
        )
    return dict(found)
