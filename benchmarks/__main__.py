"""`python -m benchmarks`: measure, show the tables, write build/benchmarks.json."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from benchmarks import comparing, tables, verdicts
from conformance.engines import open_engine
from conformance.errors import ConformanceError

RESULTS = Path("build/benchmarks.json")


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",") if number.strip()]
    except ValueError:
        raise click.BadParameter("write it like 10,100") from None


@click.command()
@click.option("--engine", default="embedded", show_default=True, metavar="ENGINE|URL")
@click.option(
    "--sizes", default="10,100,1000", show_default=True, callback=_numbers,
    help="Numbers of hypertables to compare; '' for none.",
)  # fmt: skip
@click.option("--runs", default=5, show_default=True, help="Runs of whole processes; 0 for none.")
@click.option("--repeats", default=3, show_default=True, help="Runs of each comparison.")
def main(engine: str, sizes: list[int], runs: int, repeats: int) -> None:
    """Measure verdicts and comparisons. Several minutes; best on a machine with nothing to do."""
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
        measured = []
        for hypertables in sizes:
            with console.status(f"{hypertables} hypertables"):
                measured.append(comparing.measure(started, hypertables, repeats))
        if measured:
            results["comparisons"] = [asdict(size) for size in measured]
            for table in (tables.of_comparisons, tables.of_parts, tables.of_resources):
                console.print(table(measured))
    except ConformanceError as error:
        raise click.ClickException(str(error)) from None
    finally:
        started.stop()
    results["load_after"] = os.getloadavg()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(
        f"Load average before {_load(results['load_before'])}, "
        f"after {_load(results['load_after'])}. Written to {RESULTS}."
    )


def _load(averages: object) -> str:
    return f"{averages[0]:.1f}"  # type: ignore[index]


if __name__ == "__main__":
    main()
