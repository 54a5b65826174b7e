"""`conformance inspect`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.options import option
from conformance.errors import why_no_verdict
from conformance.extras import require
from conformance.process.printing import printing, say
from conformance.project.configuration import configured

if TYPE_CHECKING:
    from conformance.project.configuration import Configuration


@click.command()
@click.argument("url")
@click.option("--all", "everything", is_flag=True, help="Print what the models say already, too.")
@click.option("--no-models", is_flag=True, help="Print a whole module, whatever models there are.")
@option("schemas", "--schema")
@option("models")
@option("alembic_ini")
def inspect(url: str, *, everything: bool, no_models: bool, **given: Any) -> None:
    """Print the declarations that describe a running database.

    With models it prints what they lack, as code to paste. Without models it prints a whole module.
    It only reads: safe on production.

    Exit codes: 0 printed, 2 could not run.
    """
    require("audit", "conformance inspect")
    project = configured(**given)
    try:
        # Models may print, which must not end up in the code.
        with redirect_stdout(sys.stderr):
            code = _code(url, project, everything=everything, no_models=no_models)
    # Whatever it is, no code could be printed.
    except Exception as error:
        say(f"conformance: {why_no_verdict(error)}")
        sys.exit(2)
    if code:
        with printing():
            click.echo(code, nl=False)
    else:
        click.echo("The models say everything that the database has.", err=True)


def _code(url: str, project: Configuration, *, everything: bool, no_models: bool) -> str:
    from conformance.project.models import classes_for, has_models, metadata_for

    if no_models or not has_models(project):
        require("inspect", "Printing a whole module")
        from conformance.inspecting.reading import whole_module

        return whole_module(url, schemas=project.schemas, leave=project.leave)
    from conformance.inspecting.reading import additions

    metadata = metadata_for(project)
    return additions(
        url,
        metadata,
        classes=classes_for(metadata),
        reference=_reference(project.models),
        schemas=project.schemas,
        leave=project.leave,
        everything=everything,
    )


def _reference(models: tuple[str, ...]) -> str:
    """The code of the metadata, as far as `models` says it: `Base.metadata`."""
    _, _, path = next(iter(models), "").partition(":")
    if not path:
        return "metadata"
    return path if path.rpartition(".")[2] == "metadata" else f"{path}.metadata"
