"""The measurements as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.comparing import ALEMBIC, CONFORMANCE, PARTS
from benchmarks.verdicts import UNAVOIDABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.comparing import Size


def of_verdicts(seconds: dict[str, float]) -> Table:
    """Whole processes, and how many times the unavoidable they take."""
    table = Table("process", title="A verdict, beside the upgrade that it cannot do without")
    table.add_column("seconds", justify="right")
    table.add_column("ratio", justify="right")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.2f}", f"{value / seconds[UNAVOIDABLE]:.2f}")
    return table


def of_comparisons(sizes: Sequence[Size]) -> Table:
    """Ours and Alembic's comparison of the same metadata with the same database."""
    table = _table(
        f"{CONFORMANCE}, beside Alembic's {ALEMBIC}: seconds",
        "hypertables", "facts", "ours", "Alembic's", "Alembic's / ours", "ours per hypertable",
    )  # fmt: skip
    for size in sizes:
        ours, alembics = size.seconds[CONFORMANCE], size.seconds[ALEMBIC]
        each = f"{ours / size.hypertables * 1000:.2f} ms"
        ratio = f"{alembics / ours:.1f}"
        table.add_row(
            str(size.hypertables), str(size.facts), f"{ours:.3f}", f"{alembics:.3f}", ratio, each
        )
    return table


def of_resources(sizes: Sequence[Size]) -> Table:
    """What both ask of the server and of memory."""
    table = _table(
        "SQL statements, and memory at its peak (tracemalloc)",
        "hypertables", "statements, ours", "Alembic's", "MB, ours", "Alembic's",
    )  # fmt: skip
    for size in sizes:
        table.add_row(
            str(size.hypertables),
            str(size.statements[CONFORMANCE]),
            str(size.statements[ALEMBIC]),
            f"{size.peak[CONFORMANCE] / 1e6:.1f}",
            f"{size.peak[ALEMBIC] / 1e6:.1f}",
        )
    return table


def of_parts(sizes: Sequence[Size]) -> Table:
    """Where the time of check_database goes."""
    table = _table(f"The parts of {CONFORMANCE}: seconds", "hypertables", *PARTS)
    for size in sizes:
        table.add_row(str(size.hypertables), *(f"{size.seconds[part]:.3f}" for part in PARTS))
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
