"""A process that runs the suite in copies of one database, and answers with the verdict.

Reads an order from standard input, as JSON: server and database, models, alembic_ini, reports.
Writes the verdict to standard output, as JSON; or a sentence, and ends with exit code 2.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from conformance.check import Choices, check_on
from conformance.engines.url import UrlEngine
from conformance.errors import ConformanceError
from conformance.reports.files import make_folder
from conformance.session import Session

if TYPE_CHECKING:
    from conformance.verdict import Verdict

#: Migrations and the registry's reproductions start from an empty database, which an upgrade
#: does not touch.
_ARGUMENTS = ("-k", "not migration and not known_gap")


def main() -> int:
    """Carry out the order; the exit code."""
    try:
        verdict = _run(json.load(sys.stdin))
    except ConformanceError as error:
        sys.stdout.write(str(error))
        return 2
    except KeyboardInterrupt:
        # Whoever gave the order was interrupted too, and says so.
        return 2
    sys.stdout.write(json.dumps(verdict.as_data()))
    return 0


def _run(order: dict[str, Any]) -> Verdict:
    choices = Choices("url", None, order["models"], order["alembic_ini"], Path(order["reports"]))
    make_folder(choices.reports)
    engine = UrlEngine(order["server"])
    engine.start()
    try:
        engine.start_from(engine.url_of(order["database"]))
        return check_on(Session(engine), choices, _ARGUMENTS, Console(stderr=True))
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main())
