"""`conformance matrix`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.extras import require
from conformance.project.configuration import configured


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def matrix(folder: Path | None) -> None:
    """Collect the verdicts below FOLDER into one table."""
    require("suite", "conformance matrix")
    from conformance.process.output import write
    from conformance.reports import matrix as matrix_report

    folder = folder or Path(configured().reports)
    runs = matrix_report.collect(folder.glob("*/verdict.json"))
    write(folder / "matrix.json", matrix_report.as_json(runs))
    write(folder / "matrix.md", matrix_report.render(runs))
    click.echo(matrix_report.render(runs), nl=False)
