"""Read earlier versions of folders from a git repository, which is never changed."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import BaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The branches to try, in order, if no base is named.
MAIN_BRANCHES = ("origin/main", "main")

_HINT = "Name a branch, a tag or a commit with --base, or a revision with --from-revision."


class Repository:
    """The git repository that contains a folder.

    Raises:
        BaseUnavailable: the folder is not in a repository, or git is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = self._try("rev-parse", "--show-toplevel")
        if found is None:
            raise BaseUnavailable(
                f"{folder} is not in a readable git repository.",
                "Name the last old revision with --from-revision.",
            )
        self.root = Path(found.strip())

    def commit(self, reference: str) -> str:
        """The identifier of the commit that the reference names.

        Raises:
            BaseUnavailable: there is no such commit.
        """
        commit = self._commit(reference)
        if commit is None:
            raise BaseUnavailable(f"git does not know {reference!r}.", _HINT)
        return commit

    def main_branch(self) -> tuple[str, str]:
        """The main branch's name, and its merge base with the working tree.

        Raises:
            BaseUnavailable: there is no main branch, or it shares no commit with the working tree.
        """
        for branch in MAIN_BRANCHES:
            if self._commit(branch) is not None:
                base = self._try("merge-base", "HEAD", branch)
                if base is None:
                    raise BaseUnavailable(
                        f"{branch} and the working tree have no common commit.",
                        "Fetch the whole history, or name the base with --base.",
                    )
                return branch, base.strip()
        raise BaseUnavailable(f"git knows neither {' nor '.join(MAIN_BRANCHES)}.", _HINT)

    def merge_base(self, commit: str) -> str:
        """The merge base of the commit and the working tree; the commit itself if there is none."""
        return (self._try("merge-base", "HEAD", commit) or commit).strip()

    def files(self, commit: str, folder: Path, *, below: bool) -> dict[str, str]:
        """The texts of a folder's Python files at a commit, by path from the root.

        Args:
            folder: a folder outside of the repository has no files.
            below: whether to include the folders below.
        """
        if not folder.resolve().is_relative_to(self.root.resolve()):
            return {}
        place = folder.resolve().relative_to(self.root.resolve()).as_posix()
        listed = self._run("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{place}/")
        names = [name for name in listed.split("\0") if name.endswith(".py")]
        return {
            name: self._run("show", f"{commit}:{name}")
            for name in names
            if below or Path(name).parent.as_posix() == place
        }

    def before(self, files: Sequence[Path]) -> str | None:
        """The last commit that has none of the files; None if there is no such commit.

        The merge base with the main branch if that has none of them.
        """
        with suppress(BaseUnavailable):
            _, shared = self.main_branch()
            if not any(self._has(shared, file) for file in files):
                return shared
        names = [str(file.resolve()) for file in files]
        added = self._try("log", "--diff-filter=A", "--format=%H", "HEAD", "--", *names) or ""
        return self._commit(f"{added.split()[-1]}^" if added.strip() else "HEAD")

    def _has(self, commit: str, file: Path) -> bool:
        path, root = file.resolve(), self.root.resolve()
        return path.is_relative_to(root) and bool(
            self._try("ls-tree", commit, "--", path.relative_to(root).as_posix())
        )

    def archive(self, commit: str) -> bytes:
        """The files of a commit, as a tar archive.

        Raises:
            BaseUnavailable: git does not give them.
        """
        done = self._git("archive", "--format=tar", commit)
        if done is None or done.returncode != 0:
            raise BaseUnavailable(f"git archive fails in {self.root}.", _HINT)
        return done.stdout

    def _commit(self, reference: str) -> str | None:
        found = self._try(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
        )
        return found and found.strip()

    def _run(self, *arguments: str) -> str:
        found = self._try(*arguments)
        if found is None:
            raise BaseUnavailable(f"git {arguments[0]} fails in {self.root}.", _HINT)
        return found

    def _try(self, *arguments: str) -> str | None:
        """The output of git; None if git fails or is not installed."""
        done = self._git(*arguments)
        if done is None or done.returncode != 0:
            return None
        return done.stdout.decode("utf-8", "replace")

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
        # The paths that git prints are relative to the repository's root.
        folder = getattr(self, "root", self._folder)
        try:
            return subprocess.run(  # noqa: S603 - nothing here goes through a shell
                ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
                capture_output=True,
                check=False,
            )
        except OSError:
            return None
