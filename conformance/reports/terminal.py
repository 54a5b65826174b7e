"""A terminal that obeys the program alone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.segment import Segment

from conformance.process.printing import without_commands
from conformance.process.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.process.progress import Progress


class Terminal(Console):
    """A console that shows the control characters of a text; colours are the console's own.

    In GitHub Actions no line of a text is a command of the runner.
    """

    def _get_file(self) -> IO[str]:
        return without_commands(Console.file.fget(self), os.environ)  # type: ignore[attr-defined]

    file = Console.file.getter(_get_file)  # type: ignore[attr-defined]

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """Render what is printed, segment by segment."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


@contextmanager
def steps(first: str) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """Show the current step on standard error; yields the Progress and what ends the display.

    Args:
        first: the step before the first call, in the program's own words, which need no escaping.
    """
    with Terminal(stderr=True).status(first) as status:
        yield lambda step: status.update(escape(step)), status.stop
