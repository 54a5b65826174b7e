"""The command line: a thin shell over the pipeline."""

from __future__ import annotations

import warnings

import click

from conformance.commands.audit import audit
from conformance.commands.check import check
from conformance.commands.explain import explain
from conformance.commands.fix import fix
from conformance.commands.gate import gate
from conformance.commands.inspect import inspect
from conformance.commands.matrix import matrix
from conformance.commands.upgrade import upgrade
from conformance.errors import ConformanceError
from conformance.process.printing import say, show_warnings


class _Commands(click.Group):
    """Commands that print one sentence and exit with 2 if there is no verdict."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("conformance: Interrupted.")
        except ConformanceError as error:
            say(f"conformance: {error}")
        return ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="timescaledb-conformance")
def main() -> None:
    """Prove that a TimescaleDB database has the schema that its SQLAlchemy models declare.

    Options that are not given are read from [tool.conformance] in pyproject.toml.

    Exit codes: 0 conforms, 1 differs, 2 could not run.
    """
    show_warnings()
    # Migrations run many times: show each of their warnings once.
    warnings.simplefilter("once", append=True)


for _command in (check, audit, inspect, gate, upgrade, fix, explain, matrix):
    main.add_command(_command)


if __name__ == "__main__":
    main()
