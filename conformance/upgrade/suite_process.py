"""A process that runs the suite in copies of one database, and answers with the verdict.

Reads an order from standard input, as JSON: server and database, models, alembic_ini, reports.
Writes the verdict to standard output, as JSON; or a sentence, and ends with exit code 2.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console

from conformance.checking.run import Choices, check_on
from conformance.engines.server.url import UrlEngine
from conformance.engines.started import Session
from conformance.errors import why_no_verdict
from conformance.process.interrupts import heeded
from conformance.process.output import make_folder
from conformance.process.progress import unwatched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.comparing.verdict import Verdict
    from conformance.process.progress import Progress

#: Migrations and the registry's reproductions start from an empty database, which an upgrade
#: does not touch.
_ARGUMENTS = ("-k", "not migration and not known_gap")


def main() -> int:
    """Carry out the order; the exit code."""
    with _standard_output_alone() as answer:
        try:
            with heeded(unwatched) as progress:
                verdict = _run(json.load(sys.stdin), progress)
        except KeyboardInterrupt:
            # Whoever gave the order was interrupted too, and says so.
            return 2
        # Whatever it is, it is no verdict.
        except BaseException as error:
            answer.write(why_no_verdict(error))
            return 2
        answer.write(json.dumps(verdict.as_data()))
    return 0


@contextmanager
def _standard_output_alone() -> Iterator[IO[str]]:
    """Standard output for the answer; what models and migrations print goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        yield answer


def _run(order: dict[str, Any], progress: Progress) -> Verdict:
    choices = Choices("url", None, order["models"], order["alembic_ini"], Path(order["reports"]))
    make_folder(choices.reports)
    engine = UrlEngine(order["server"])
    engine.start()
    try:
        engine.start_from(engine.url_of(order["database"]))
        return check_on(Session(engine), choices, _ARGUMENTS, Console(stderr=True), progress)
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main())
