"""What the models promised before the new revisions: those of a commit, read in another process.

The commit's files are unpacked into a folder of their own. The working tree stays as it is, and
this process keeps the models that it has imported.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import BaseUnavailable, ConformanceError, ModelsUnavailable

if TYPE_CHECKING:
    from conformance.comparing.facts import Facts
    from conformance.gate.revisions.git import Repository
    from conformance.project.configuration import Configuration

#: Models that take longer to import wait for something.
_SECONDS = 60
_PROGRAM = "from conformance.gate.revisions.earlier_models import answer; answer()"


@dataclass(frozen=True)
class _Question:
    """What the other process is to read.

    Attributes:
        root: the working tree, whose modules would be the wrong ones.
        path: what is imported from.
    """

    project: Configuration
    default_schema: str
    root: Path
    path: tuple[str, ...]


def earlier_promises(
    project: Configuration, repository: Repository, commit: str, default_schema: str
) -> Facts | None:
    """The facts that the models of the commit promise; None where they cannot be had.

    Args:
        project: where the models are, as the working tree has it.
        default_schema: the schema of tables that name none.
    """
    root = repository.root.resolve()
    here = Path.cwd().resolve()
    if not here.is_relative_to(root):
        return None
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder).resolve()
        try:
            _unpack(repository.archive(commit), there)
        except (BaseUnavailable, tarfile.TarError, OSError):
            return None
        moved = _Moved(root, there)
        question = _Question(
            moved.project(project),
            default_schema,
            root,
            tuple(moved.place(entry or str(here)) for entry in sys.path),
        )
        return _ask(question, there / here.relative_to(root))


@dataclass(frozen=True)
class _Moved:
    """Paths of the working tree as they are in the folder with the commit's files."""

    root: Path
    there: Path

    def place(self, path: str) -> str:
        """The same path there; what the interpreter has installed stays where it is."""
        absolute = Path(path).resolve()
        ours = absolute.is_relative_to(self.root)
        if not ours or absolute.is_relative_to(Path(sys.prefix).resolve()):
            return path
        return str(self.there / absolute.relative_to(self.root))

    def project(self, project: Configuration) -> Configuration:
        """The project whose files are there."""
        return replace(
            project,
            alembic_ini=self.place(project.alembic_ini),
            folder=project.folder and self.place(project.folder),
        )


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        # Python 3.11 before 3.11.4, such as that of Debian 12, has no filters.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)  # noqa: S202 - git made the archive


def _ask(question: _Question, here: Path) -> Facts | None:
    """What the other process answers; None where it has no answer."""
    if not here.is_dir():
        return None
    conformance = str(Path(__file__).resolve().parents[3])
    with tempfile.NamedTemporaryFile() as file:
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter and this module
                [sys.executable, "-P", "-c", _PROGRAM, file.name],
                input=pickle.dumps(question),
                cwd=here,
                env={**os.environ, "PYTHONPATH": conformance},
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError):
            return None
        if done.returncode != 0:
            return None
        promises: Facts = pickle.loads(file.read())  # noqa: S301 - our own process wrote it
        return promises


def answer() -> None:
    """In the other process: write the promises of the question's models into the named file."""
    from conformance.expected import expected_facts
    from conformance.project.models import metadata_for

    question: _Question = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own process
    sys.path[:] = question.path
    try:
        metadata = metadata_for(question.project)
        _must_be_of_the_commit(question.root)
    except ConformanceError:
        sys.exit(1)
    facts = expected_facts(metadata, default_schema=question.default_schema)
    Path(sys.argv[1]).write_bytes(pickle.dumps(facts))


def _must_be_of_the_commit(root: Path) -> None:
    """No module may come from the working tree, as an editable installation may have it.

    Raises:
        ModelsUnavailable: one does.
    """
    installed = Path(sys.prefix).resolve()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name.partition(".")[0] in ("conformance", "__main__"):
            continue
        path = Path(file).resolve()
        if path.is_relative_to(root) and not path.is_relative_to(installed):
            raise ModelsUnavailable(f"{name} is imported from the working tree.")
