"""Keys of databases with generated rows. Imports little, so that a database can start early."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import conformance

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from conformance.comparing.facts import Facts


def rows_key(metadata: MetaData | None = None) -> str:
    """Hash everything that the generated rows depend on; part of the key of a filled template.

    This is the metadata's facts, and the code of this package: any change generates new rows.
    """
    facts: Facts = {}
    if metadata is not None:
        from conformance.expected import expected_facts

        facts = expected_facts(metadata)
    # Sorted, since SQLAlchemy keeps constraints in sets, whose order differs between processes.
    parts = [_code(), *sorted(f"{key.id}: {value}" for key, value in facts.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(conformance.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
