"""A terminal that obeys the program alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment

from conformance.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator


class Terminal(Console):
    """A console that shows the control characters of a text; colours are the console's own."""

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """Render what is printed, segment by segment."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)
