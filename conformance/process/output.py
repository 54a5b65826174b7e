"""Write files of reports."""

from __future__ import annotations

import tempfile
from pathlib import Path

from conformance.errors import ConformanceError


def make_folder(folder: Path) -> None:
    """Create the folder, and check that reports can be written before there are any.

    Raises:
        ConformanceError: the folder is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConformanceError(
            f"Reports cannot be written into {folder}: {error.strerror or error}.",
            "Name another folder with --reports, or free disk space.",
        ) from None


def write(path: Path, text: str) -> None:
    """Replace the file atomically.

    Raises:
        ConformanceError: the folder or the file is not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(text)
                file.close()
                temporary.chmod(0o644)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConformanceError(
            f"The report {path} cannot be written: {error.strerror or error}.",
            "Name another file, or free disk space.",
        ) from None
