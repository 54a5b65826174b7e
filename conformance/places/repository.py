"""The root of the repository, from which annotations count their paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.comparing.places import Place

if TYPE_CHECKING:
    from pathlib import Path

#: As sentences about errors name a place.
_NAMED = re.compile(r"\((?P<file>[^()]+), line (?P<line>[1-9]\d*)\)")


def repository_root(start: Path) -> Path:
    """The nearest folder above that git knows as a working tree; without one, the start itself."""
    start = start.resolve()
    return next((at for at in (start, *start.parents) if (at / ".git").exists()), start)


def path_below(root: Path, file: Path) -> str | None:
    """The path from the root, with `/`; None if the file is not below the root."""
    file = file.resolve()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else None


def place_in(sentence: str, root: Path, folder: Path) -> Place | None:
    """The place that a sentence names, `(migrations/env.py, line 3)`, if it is below the root.

    Args:
        folder: where the path begins, unless it is absolute.
    """
    for match in _NAMED.finditer(sentence):
        file = folder / match["file"]
        path = path_below(root, file)
        if path is not None and file.is_file():
            return Place(path, int(match["line"]))
    return None
