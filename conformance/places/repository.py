"""The root of the repository, from which annotations count their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def repository_root(start: Path) -> Path:
    """The nearest folder above that git knows as a working tree; without one, the start itself."""
    start = start.resolve()
    return next((at for at in (start, *start.parents) if (at / ".git").exists()), start)


def path_below(root: Path, file: Path) -> str | None:
    """The path from the root, with `/`; None if the file is not below the root."""
    file = file.resolve()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else None
