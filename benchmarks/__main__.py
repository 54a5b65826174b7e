"""`python -m benchmarks`: measure, show the tables, write build/benchmarks.json."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from benchmarks import aims, auditing, comparing, tables, verdicts, verifying, writing
from conformance.engines import open_engine
from conformance.errors import ConformanceError

if TYPE_CHECKING:
    from conformance.engines.base import Engine

#: Rows that fit into the embedded engine's memory several times over.
MOST_EMBEDDED = 100_000
#: Rows of the plain insert that verifying is compared with.
PLAIN_ROWS = 10_000
#: Runs of an audit, which takes half a second.
MOST_AUDITS = 10
RESULTS = Path("build/benchmarks.json")


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",") if number.strip()]
    except ValueError:
        raise click.BadParameter("write it like 10,100") from None


@click.command()
@click.option("--engine", default="embedded", show_default=True, metavar="ENGINE|URL")
@click.option(
    "--sizes", default="10,100", show_default=True, callback=_numbers,
    help="Numbers of hypertables to compare; '' for none.",
)  # fmt: skip
@click.option("--runs", default=3, show_default=True, help="Runs of whole processes; 0 for none.")
@click.option(
    "--rows", default="10000", show_default=True, callback=_numbers,
    help="Numbers of rows to write; '' for none.",
)  # fmt: skip
@click.option("--alternatives/--no-alternatives", default=True, help="Write in slower ways, too.")
@click.option("--verify/--no-verify", default=False, help="Generated rows verified per second.")
@click.option("--repeats", default=3, show_default=True, help="Runs of each comparison.")
def main(  # noqa: PLR0913, PLR0917 - one argument for each option
    engine: str,
    sizes: list[int],
    runs: int,
    rows: list[int],
    alternatives: bool,
    verify: bool,
    repeats: int,
) -> None:
    """Measure verdicts, comparisons and writes, and hold them against the aims.

    At most five minutes by default. Ratios mean something only on a machine that does nothing else:
    the load before and after is kept with them.
    """
    # With warm caches: Python keeps what it has compiled, unless this forbids it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    started_at = time.monotonic()
    found: list[aims.Aim] = []
    console = Console(soft_wrap=True)
    results: dict[str, object] = {"load_before": os.getloadavg()}
    started = open_engine(engine, None, console.print)
    try:
        started.start()
        console.print(f"{started.description}: {started.server}")
        results["server"] = asdict(started.server)
        if runs:
            results["processes"] = seconds = verdicts.measure(engine, runs)
            console.print(tables.of_verdicts(seconds))
            found += aims.of_processes(seconds)
            results["audit"] = audit = auditing.measure(started, MOST_AUDITS)
            console.print(tables.of_audit(audit))
            found += aims.of_audit(audit)
        measured = []
        for hypertables in sizes:
            with console.status(f"{hypertables} hypertables"):
                measured.append(comparing.measure(started, hypertables, repeats))
        if measured:
            results["comparisons"] = [asdict(size) for size in measured]
            for table in (tables.of_comparisons, tables.of_parts, tables.of_resources):
                console.print(table(measured))
        found += aims.of_comparisons(measured)
        written = _writes(started, rows, repeats, console, alternatives=alternatives)
        found += aims.of_writes(written)
        results["writes"] = [asdict(one) for one in written]
        if verify:
            results["verifying"] = verified = verifying.measure(engine)
            plain = writing.plain_insert_rate(started, PLAIN_ROWS, repeats)
            results["plain_insert_rate"] = plain
            console.print(tables.of_verifying(**verified, plain_rate=plain))
    except ConformanceError as error:
        raise click.ClickException(str(error)) from None
    finally:
        started.stop()
    results["aims"] = [{**asdict(aim), "met": aim.met} for aim in found]
    console.print(tables.of_aims(found))
    results["load_after"] = os.getloadavg()
    results["seconds"] = time.monotonic() - started_at
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(
        f"Load average before {_load(results['load_before'])}, "
        f"after {_load(results['load_after'])}. Written to {RESULTS}."
    )


def _writes(
    engine: Engine, numbers: list[int], repeats: int, console: Console, *, alternatives: bool
) -> list[writing.Measured]:
    """A table for each number of rows; of many, one turn tells."""
    measured = []
    for number in numbers:
        if number > MOST_EMBEDDED and engine.name == "embedded":
            console.print(f"{number:,} rows are not written: this engine holds all in memory.")
            continue
        turns = repeats if number <= MOST_EMBEDDED else 1
        with console.status(f"{number:,} rows"):
            found = list(writing.measure(engine, number, turns, alternatives=alternatives))
        console.print(tables.of_writes(found))
        measured += found
    return measured


def _load(averages: object) -> str:
    return f"{averages[0]:.1f}"  # type: ignore[index]


if __name__ == "__main__":
    main()
