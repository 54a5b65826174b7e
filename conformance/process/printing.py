"""Print a command's result without changing its exit code."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from conformance.process.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COULD_NOT_RUN = 2


@contextmanager
def printing() -> Iterator[None]:
    """Run a block that prints, and handle errors of standard output.

    If the reader closes the pipe (`| head`), the exit code is still the verdict's. If the output
    cannot be written, for example for lack of space, the exit code is 2.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    # Rich turns a broken pipe into exit code 1, which would be a verdict.
    except (BrokenPipeError, SystemExit):
        _discard_output()
    except OSError as error:
        _discard_output()
        say(f"conformance: The result cannot be printed: {error.strerror}.")
        sys.exit(_COULD_NOT_RUN)


def without_commands(stream: IO[str], environment: Mapping[str, str]) -> IO[str]:
    """The stream; in GitHub Actions with lines that the runner does not take for commands.

    A name in a database may have a line that begins with `::error` or `::add-path`.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return stream
    guarded: Any = _WithoutCommands(stream)
    return guarded  # type: ignore[no-any-return]


class _WithoutCommands:
    """A text stream that puts a blank into what begins a workflow command."""

    #: The runner also knows an older form, `##[error]`.
    _COMMAND = re.compile(r"(?m)^(\s*)(:|#)(?=:|#\[)")

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text without commands."""
        # A carriage return alone ends a line for the runner, too.
        return self._stream.write(self._COMMAND.sub(r"\1\2 ", text.replace("\r", "\n")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def say(sentence: str) -> None:
    """Print a sentence of the program on standard error."""
    click.echo(visible(sentence), file=without_commands(sys.stderr, os.environ))


def print_every_character() -> None:
    """Print an escape in place of each character that standard output cannot encode."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def show_warnings() -> None:
    """Let Python print warnings, which may name what a database has, in the same way."""
    warnings.formatwarning = _formatted


_format = warnings.formatwarning


def _formatted(*args: Any, **kwargs: Any) -> str:
    return visible(_format(*args, **kwargs))


def _discard_output() -> None:
    """Redirect standard output, since Python flushes it again at exit and would report an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
