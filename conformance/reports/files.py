"""Write the reports of a run into a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import ConformanceError
from conformance.reports import json_report, markdown_report

if TYPE_CHECKING:
    from conformance.verdict import Verdict

JSON_FILE = "verdict.json"
MARKDOWN_FILE = "verdict.md"


def write_all(verdict: Verdict, folder: Path) -> None:
    """`verdict.json` and `verdict.md`; whoever reads them meanwhile sees old or new, no half."""
    write(folder / JSON_FILE, json_report.render(verdict))
    write(folder / MARKDOWN_FILE, markdown_report.render(verdict))


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
