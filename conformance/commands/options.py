"""The options that several commands have.

An option that is not given is read from [tool.conformance].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from conformance.project.configuration import KEYS
from conformance.project.shapes import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.project.configuration import Key


def _reader(key: Key) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback for click that converts the text of an option to the value of the key."""

    def read(
        _context: click.Context, _option: click.Parameter, given: str | tuple[str, ...] | None
    ) -> Any:
        # An option that takes several texts may be given several times, or not at all: ().
        text = given if isinstance(given, str) else ",".join(given) if given else None
        try:
            return None if text is None else key.shape.read(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} {error}.") from None

    return read


def option(name: str, *more: str) -> Callable[[Any], Any]:
    """The option for a key of the configuration.

    Args:
        more: further names of the option.
    """
    key = KEYS[name]
    return click.option(
        f"--{name.replace('_', '-')}",
        *more,
        name,
        callback=_reader(key),
        multiple=key.shape is TEXTS,
        metavar=key.metavar,
        help=key.described,
    )


def options(*names: str) -> Callable[[Any], Any]:
    """The options for several keys, in this order."""

    def add(command: Any) -> Any:
        for name in reversed(names):
            command = option(name)(command)
        return command

    return add


_adopting = (
    click.option(
        "--write-baseline",
        metavar="FILE",
        help="Write the findings of this run into the file; from then on only new ones fail.",
    ),
    click.option(
        "--grow-baseline", is_flag=True, help="Let --write-baseline add to a file that is there."
    ),
)


def baseline_options(command: Any) -> Any:
    """The options about the baseline."""
    for each in reversed((option("baseline"), *_adopting)):
        command = each(command)
    return command


json_option = click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write the report as JSON to FILE; - is standard output.",
)
