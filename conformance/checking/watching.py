"""Check the facts again whenever the project's files change, until Ctrl-C."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.checking.process import SuiteProcess, verdict_of
from conformance.errors import ConformanceError
from conformance.project.alembic_files import configures_alembic
from conformance.project.scripts import config_for, ini_of, sources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conformance.checking.choices import Choices
    from conformance.comparing.verdict import Verdict
    from conformance.process.progress import Progress
    from conformance.project.configuration import Configuration

    #: Path -> time of change in nanoseconds, and size.
    Snapshot = dict[Path, tuple[int, int]]

#: Seconds between two looks at the files, and for which they must then stay as they are: an editor
#: writes several files, and `git switch` hundreds.
GLANCE, QUIET = 0.5, 0.4
#: What is checked unless the caller selects something else.
FACTS = ("-k", "facts")


class _Changed(Exception):
    """The verdict would be about files that are no longer there."""


@dataclass
class Watch:
    """A project's files, and how they were when they were last looked at.

    Attributes:
        folders: where the files are.
        sleep: waits for a number of seconds.
    """

    folders: tuple[Path, ...]
    sleep: Callable[[float], None] = time.sleep
    seen: Snapshot = field(default_factory=dict)

    @classmethod
    def of(cls, project: Configuration) -> Watch:
        """The files that the models and the migrations, if there are any, may be made of."""
        folders = {Path(project.folder or Path.cwd()).resolve()}
        if configures_alembic(project.alembic_ini):
            folders.add(ini_of(config_for(project)).resolve().parent)
        return cls(tuple(sorted(folders)))

    def look(self) -> bool:
        """Look at the files; return whether they have changed since the last look."""
        before, self.seen = self.seen, snapshot(self.folders)
        return self.seen != before

    def wait(self) -> list[Path]:
        """Wait for a change, and until the files stay as they are; return the changed ones."""
        before = self.seen
        while not self.look():
            self.sleep(GLANCE)
        return self.settle(before)

    def settle(self, before: Snapshot) -> list[Path]:
        """Wait until the files stay as they are; return those that differ from before."""
        while True:
            self.sleep(QUIET)
            if not self.look():
                break
        paths = before.keys() | self.seen.keys()
        return sorted(path for path in paths if before.get(path) != self.seen.get(path))


def snapshot(folders: Iterable[Path]) -> Snapshot:
    """The files below the folders; those that vanish meanwhile are left out."""
    found: Snapshot = {}
    for folder in folders:
        for path in sources_of(folder):
            with suppress(OSError):
                status = path.stat()
                found[path] = (status.st_mtime_ns, status.st_size)
    return found


def verdicts(
    choices: Choices,
    arguments: Sequence[str],
    watch: Watch,
    progress: Progress,
) -> Iterator[tuple[list[Path], Verdict | ConformanceError]]:
    """Check now and after each change, in a process of its own; yield what changed, and the result.

    A process of its own imports the models afresh. If the files change during a check, its process
    is ended and the check begins again.

    Args:
        arguments: arguments of pytest that select checks.
        progress: called about five times a second, with the check that is running.
    """
    watch.look()
    changed: list[Path] = []
    while True:
        before = watch.seen
        try:
            with SuiteProcess() as process:
                process.order(choices, arguments)
                answer = process.verdict(_until_a_change(watch, progress))
            found: Verdict | ConformanceError = verdict_of(answer)
        except _Changed:
            changed = watch.settle(before)
            continue
        except ConformanceError as error:
            found = error
        yield changed, found
        changed = watch.wait()


def _until_a_change(watch: Watch, progress: Progress) -> Progress:
    """A Progress that now and then looks at the files, and raises `_Changed`."""
    looked = time.monotonic()

    def step(name: str) -> None:
        nonlocal looked
        progress(name)
        if time.monotonic() - looked >= GLANCE:
            looked = time.monotonic()
            if watch.look():
                raise _Changed

    return step
