"""`conformance check --watch`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from conformance.commands.carrying_out import asked
from conformance.process.printing import printing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conformance.comparing.verdict import Verdict
    from conformance.project.configuration import Configuration

#: The number of changed files that are named.
_MOST_NAMES = 3


def watch_project(
    project: Configuration, arguments: Sequence[str], stage: Callable[[Verdict], Verdict]
) -> NoReturn:
    """Check the facts now and after each change of a file; exit at Ctrl-C with the last code.

    Args:
        arguments: arguments of pytest; facts are checked unless they select something else.
        stage: applies to a verdict what the project says about findings.

    Raises:
        ConformanceError: there is nothing to watch, or the reports cannot be written.
    """
    from conformance.checking.choices import Choices, selects
    from conformance.checking.watching import FACTS, Watch, verdicts
    from conformance.comparing.verdict import Verdict
    from conformance.process.interrupts import interruptible
    from conformance.process.progress import unwatched
    from conformance.reports.files import write_verdict
    from conformance.reports.terminal import Terminal
    from conformance.reports.verdict import short

    selection = tuple(arguments) if selects(arguments) else (*FACTS, *arguments)
    watch = Watch.of(project)
    console, code = Terminal(soft_wrap=True), 2
    try:
        with Terminal(stderr=True).status("checking") as status, interruptible(unwatched) as asking:
            for changed, found in verdicts(Choices(project), selection, watch, asking):
                status.stop()
                if isinstance(found, Verdict):
                    verdict = stage(found)
                else:
                    verdict = Verdict(asked(project), could_not_run=str(found))
                write_verdict(verdict, Path(project.reports))
                with printing():
                    if changed:
                        console.print(_described(changed), style="dim", markup=False)
                    short.show(verdict, console, time.strftime("%H:%M:%S"))
                code = verdict.exit_code
                status.update(f"watching {len(watch.seen)} files; Ctrl-C ends")
                status.start()
    except KeyboardInterrupt:
        pass
    sys.exit(code)


def _described(changed: Sequence[Path]) -> str:
    names = [os.path.relpath(path) for path in changed[:_MOST_NAMES]]
    more = len(changed) - len(names)
    return f"{', '.join(names)}{f' and {more} more' if more else ''} changed"
