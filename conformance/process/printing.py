"""Print a command's result without changing its exit code."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        click.echo(f"conformance: The result cannot be printed: {error.strerror}.", err=True)
        sys.exit(_COULD_NOT_RUN)


def _discard_output() -> None:
    """Redirect standard output, since Python flushes it again at exit and would report an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
