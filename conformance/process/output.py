"""Files that a command writes for others to read."""

from __future__ import annotations

import tempfile
from pathlib import Path

from conformance.errors import ConformanceError


def make_folder(folder: Path) -> None:
    """Make sure that reports can be written before there is anything to report.

    Raises:
        ConformanceError: they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConformanceError(
            f"Reports cannot be written into {folder}: {error.strerror or error}.",
            "Name another folder with --reports, or make room.",
        ) from None


def write(path: Path, text: str) -> None:
    """Replace the file's text in one step.

    Raises:
        ConformanceError: the folder or the file cannot be written.
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
            "Name another place, or make room.",
        ) from None
