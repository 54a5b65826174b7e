"""The command line: a thin shell over the pipeline."""

from __future__ import annotations

import warnings
from importlib import import_module

import click

from conformance.errors import ConformanceError
from conformance.process.printing import print_every_character, say, show_warnings

#: Each is the function of its name in the module of its name.
_COMMANDS = ("audit", "check", "explain", "fix", "gate", "inspect", "upgrade")


class _Commands(click.Group):
    """Commands that print one sentence and exit with 2 if there is no verdict.

    A command is imported when it is named: the others would be a tenth of an audit's imports.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None if there is none."""
        # click suggests one of those that it has for a name that is misspelled.
        for name in (cmd_name,) if cmd_name in _COMMANDS else _COMMANDS:
            if name not in self.commands:
                module = import_module(f"conformance.commands.{name}")
                self.add_command(getattr(module, name))
        return super().get_command(ctx, cmd_name)

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
    print_every_character()
    show_warnings()
    # Migrations run many times: show each of their warnings once.
    warnings.simplefilter("once", append=True)


if __name__ == "__main__":
    main()
