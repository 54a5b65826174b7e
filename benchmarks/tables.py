"""The measurements as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.auditing import CONNECTING
from benchmarks.comparing import ALEMBIC, CONFORMANCE, PARTS
from benchmarks.verdicts import UNAVOIDABLE
from benchmarks.writers import BASELINES, FLOOR, OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.aims import Aim
    from benchmarks.comparing import Size
    from benchmarks.writing import Measured

_WAYS = (OURS, *BASELINES, FLOOR)


def of_verdicts(seconds: dict[str, float]) -> Table:
    """The seconds of whole processes, also as multiples of the upgrade alone."""
    table = Table("process", title="A verdict, beside the upgrade that it cannot do without")
    table.add_column("seconds", justify="right")
    table.add_column("ratio", justify="right")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.2f}", f"{value / seconds[UNAVOIDABLE]:.2f}")
    return table


def of_audit(seconds: dict[str, float]) -> Table:
    """The seconds of an audit, and as a multiple of what any tool must do before."""
    table = _table("An audit", "process", "seconds", "ratio")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.2f}", f"{value / seconds[CONNECTING]:.2f}")
    return table


def of_aims(aims: Sequence[Aim]) -> Table:
    """Each aim, its figure, and whether it is met."""
    table = Table("aim", title="Aims")
    for column in ("measured", "wanted"):
        table.add_column(column, justify="right")
    table.add_column("met")
    for aim in aims:
        wanted = f"{'at least' if aim.at_least else 'at most'} {aim.limit:g}"
        table.add_row(aim.name, f"{aim.figure:.2f}", wanted, "yes" if aim.met else "[red]no[/red]")
    return table


def of_comparisons(sizes: Sequence[Size]) -> Table:
    """Ours and Alembic's comparison of the same metadata with the same database."""
    table = _table(
        f"{CONFORMANCE}, beside Alembic's {ALEMBIC}: seconds",
        "hypertables", "facts", "ours", "Alembic's", "Alembic's / ours", "ours per hypertable",
        "by processor", "ours: Python, server",
    )  # fmt: skip
    for size in sizes:
        ours, alembics = size.seconds[CONFORMANCE], size.seconds[ALEMBIC]
        each = f"{ours / size.hypertables * 1000:.2f} ms"
        ratio = f"{alembics / ours:.1f}"
        by_processor = parts = "-"
        if size.processor:
            here, server = size.processor[CONFORMANCE]
            by_processor = f"{sum(size.processor[ALEMBIC]) / (here + server):.1f}"
            parts = f"{here:.2f}, {server:.2f}"
        table.add_row(
            str(size.hypertables), str(size.facts), f"{ours:.3f}", f"{alembics:.3f}", ratio, each,
            by_processor, parts,
        )  # fmt: skip
    return table


def of_resources(sizes: Sequence[Size]) -> Table:
    """The SQL statements and the memory of both comparisons."""
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


def of_writes(measured: Sequence[Measured]) -> Table:
    """The write path, beside its alternatives and the floor."""
    table = _table(
        f"Writing {measured[0].rows:,} rows to market_data: rows per second;"
        " ratios to the best alternative and to the floor",
        "case", *_WAYS, "ours / best", "COPY / ours", "by processor",
    )  # fmt: skip
    for one in measured:
        ours, floor = one.rates[OURS], one.rates.get(FLOOR)
        rates = [f"{one.rates[way]:,.0f}" if way in one.rates else "-" for way in _WAYS]
        alternatives = [one.rates[way] for way in BASELINES if way in one.rates]
        best = f"{ours / max(alternatives):.2f}" if alternatives else "-"
        processor = "-"
        if FLOOR in one.processor:
            processor = f"{one.processor[OURS] / one.processor[FLOOR]:.2f}"
        table.add_row(
            f"{one.operation}, {one.case}", *rates, best,
            "-" if floor is None else f"{floor / ours:.2f}", processor,
        )  # fmt: skip
    for column in table.columns:
        # Figures stay whole in a narrow terminal.
        column.min_width = max(len(str(cell)) for cell in (column.header, *column.cells))
    return table


def of_verifying(rows: float, seconds: float, plain_rate: float) -> Table:
    """Generated rows that are verified, beside the same rows in a plain insert."""
    table = _table(
        "Generated rows verified per second", "rows", "verified", "inserted", "inserted / verified"
    )
    rate = rows / seconds
    table.add_row(f"{rows:,}", f"{rate:,.0f}", f"{plain_rate:,.0f}", f"{plain_rate / rate:.0f}")
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
