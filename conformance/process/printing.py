"""What a command prints at its end must not decide about its exit code."""

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
    """Print within, whatever becomes of standard output.

    A reader that has seen enough and is gone (`| head`) changes nothing: the exit code is the
    verdict's. Where there is no room for what is printed the exit code is 2.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    # Rich turns the broken pipe into an exit with 1, which is a verdict's code.
    except (BrokenPipeError, SystemExit):
        _write_nowhere()
    except OSError as error:
        _write_nowhere()
        click.echo(f"conformance: The outcome cannot be printed: {error.strerror}.", err=True)
        sys.exit(_COULD_NOT_RUN)


def _write_nowhere() -> None:
    """Python writes what is left once more when it ends, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
