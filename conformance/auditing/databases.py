"""The databases that an audit is asked about: their addresses, and names without passwords."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.engines.connecting import parse_url, place
from conformance.errors import ConformanceError, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: `name = url`; the name has no scheme, so that a URL with `?sslmode=require` is none.
_NAMED = re.compile(r"(?P<name>(?:(?!://)[^=])+?)\s*=\s*(?P<url>[a-z][a-z0-9+.-]*://.*)")


@dataclass(frozen=True)
class Database:
    """A database to audit.

    Attributes:
        name: for reports, on one line and without a password.
        address: its URL, which may contain a password.
    """

    name: str
    address: str


def databases_of(urls: Iterable[str], file: str | None) -> tuple[Database, ...]:
    """The databases of the command line, then those of the file.

    Args:
        file: the path of a file with a database on each line: a URL, or `name = URL`. Empty lines
            and lines that begin with `#` are skipped.

    Raises:
        ConformanceError: the file cannot be read or names no database, or two databases have the
            same name.
    """
    given = [_database(url, f"URL {number}") for number, url in enumerate(urls, 1)]
    found = (*given, *(_read(Path(file)) if file is not None else ()))
    name, count = Counter(item.name for item in found).most_common(1)[0]
    if count > 1:
        raise ConformanceError(
            f"{count} databases are named {name!r}.",
            "Name each once, or give each a name of its own in the file of --databases: "
            "NAME = URL.",
        )
    return found


def _read(file: Path) -> tuple[Database, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConformanceError(
            f"The databases in {file} cannot be read: {reason}.",
            "Name a text file with a URL, or NAME = URL, on each line.",
        ) from None
    found = tuple(_of_lines(lines, file.name))
    if not found:
        raise ConformanceError(
            f"{file} names no database.", "Write a URL, or NAME = URL, on each line."
        )
    return found


def _of_lines(lines: Iterable[str], file: str) -> Iterator[Database]:
    for number, line in enumerate(lines, 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        named = _NAMED.fullmatch(written)
        if named is not None:
            yield Database(_on_one_line(named["name"]), named["url"])
        else:
            yield _database(written, f"{file}, line {number}")


def _database(address: str, otherwise: str) -> Database:
    """The database of a URL, named after its address.

    A wrong URL gets the other name, because its password may be anywhere in it.
    """
    try:
        url = parse_url(address)
    except EngineUnavailable:
        return Database(otherwise, address)
    return Database(_on_one_line(f"{url.database or 'default'} at {place(url)}"), address)


def _on_one_line(name: str) -> str:
    return " ".join(name.split())
