"""Databases of failing examples: those of earlier runs here, and of a workflow's last run.

They are Hypothesis's databases. One folder, or one artifact, contains all tests of a project.
"""

from __future__ import annotations

import os
import warnings
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

from conformance.process.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Hypothesis's name for the artifact that a workflow uploads.
ARTIFACT = "hypothesis-example-db"
#: An artifact is downloaded again after this time.
_FRESH = timedelta(hours=1)


class OfTest(ExampleDatabase):
    """A database that separates the examples of one function by its parameters, the tables."""

    def __init__(self, database: ExampleDatabase, test: str) -> None:
        super().__init__()
        self._database, self._test = database, test.encode()

    def _key(self, key: bytes) -> bytes:
        return self._test + b" " + key

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """The examples of this test."""
        return self._database.fetch(self._key(key))

    def save(self, key: bytes, value: bytes) -> None:
        """Keep an example of this test, and note that the test has failed."""
        self._database.save(self._test, b"failed")
        self._database.save(self._key(key), value)

    def delete(self, key: bytes, value: bytes) -> None:
        """Delete an example of this test."""
        self._database.delete(self._key(key), value)


def database_for(test: str, kept: Path | None, shared: str) -> ExampleDatabase | None:
    """The database of a test's failing examples; None if there is none.

    Args:
        test: the id of the test.
        kept: the folder on this machine; None if it cannot be written.
        shared: `owner/repository` with an artifact of failing examples; empty: no artifact is used.
    """
    database = _database(kept, shared)
    return None if database is None else OfTest(database, test)


def has_examples(test: str, kept: Path | None, shared: str) -> bool:
    """Whether the test has failed, here or in the workflow; it may have been fixed since."""
    database = _database(kept, shared)
    return database is not None and any(database.fetch(test.encode()))


def _database(kept: Path | None, shared: str) -> ExampleDatabase | None:
    databases: list[ExampleDatabase] = []
    if kept is not None:
        databases.append(DirectoryBasedExampleDatabase(kept))
    if shared and (artifact := _shared(shared).artifact) is not None:
        databases.append(ReadOnlyDatabase(artifact))
    return MultiplexedDatabase(*databases) if databases else None


def trouble_with(shared: str) -> str:
    """Why the artifact of `owner/repository` cannot be read, or is old; empty if neither."""
    return _shared(shared).trouble


class _Shared(NamedTuple):
    artifact: GitHubArtifactDatabase | None
    trouble: str = ""


@lru_cache
def _shared(repository: str) -> _Shared:
    """Download the artifact once, now: a later warning of Hypothesis would fail a test."""
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name):
        return _Shared(None, f"{repository!r} is not owner/repository")
    if not os.environ.get("GITHUB_TOKEN"):
        return _Shared(None, "GITHUB_TOKEN is not set")
    folder = cache_folder() / "shared-examples" / owner / name
    artifact = GitHubArtifactDatabase(owner, name, ARTIFACT, _FRESH, folder)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            list(artifact.fetch(b""))
        except (OSError, ValueError) as error:
            return _Shared(None, str(error))
    return _Shared(artifact, " ".join(" ".join(str(item.message).split()) for item in raised))
