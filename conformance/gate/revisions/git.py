"""What a git repository says of an earlier state of some folders; it is read, never changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conformance.errors import BaseUnavailable

#: Tried in turn where no base is named.
MAIN_BRANCHES = ("origin/main", "main")

_WAY_OUT = "Name a branch, a tag or a commit with --base, or a revision with --from-revision."


class Repository:
    """The repository that a folder is in.

    Raises:
        BaseUnavailable: there is none, or no git.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = self._try("rev-parse", "--show-toplevel")
        if found is None:
            raise BaseUnavailable(
                f"{folder} is in no git repository that can be read.",
                "Name the last old revision with --from-revision.",
            )
        self.root = Path(found.strip())

    def commit(self, reference: str) -> str:
        """The identifier of the commit that the reference names.

        Raises:
            BaseUnavailable: it names none.
        """
        commit = self._commit(reference)
        if commit is None:
            raise BaseUnavailable(f"git knows no {reference!r}.", _WAY_OUT)
        return commit

    def main_branch(self) -> tuple[str, str]:
        """The main branch's name, and the last commit that is in it and in the working tree.

        Raises:
            BaseUnavailable: there is no main branch, or it has nothing in common.
        """
        for branch in MAIN_BRANCHES:
            if self._commit(branch) is not None:
                base = self._try("merge-base", "HEAD", branch)
                if base is None:
                    raise BaseUnavailable(
                        f"git finds no commit that is in {branch} and in the working tree.",
                        "Fetch the whole history, or name the base with --base.",
                    )
                return branch, base.strip()
        raise BaseUnavailable(f"git knows neither {' nor '.join(MAIN_BRANCHES)}.", _WAY_OUT)

    def shared(self, commit: str) -> str:
        """The last commit that is in it and in the working tree; itself where none is known."""
        return (self._try("merge-base", "HEAD", commit) or commit).strip()

    def files(self, commit: str, folder: Path, *, below: bool) -> dict[str, str]:
        """The texts of the Python files of a folder as they were, by path from the root.

        Args:
            folder: one outside of the repository has none.
            below: those in folders below it as well.
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

    def _commit(self, reference: str) -> str | None:
        found = self._try(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
        )
        return found and found.strip()

    def _run(self, *arguments: str) -> str:
        found = self._try(*arguments)
        if found is None:
            raise BaseUnavailable(f"git {arguments[0]} fails in {self.root}.", _WAY_OUT)
        return found

    def _try(self, *arguments: str) -> str | None:
        """What git prints; None where it fails or is not there."""
        # From the repository's root, where the paths that git prints start.
        folder = getattr(self, "root", self._folder)
        try:
            done = subprocess.run(  # noqa: S603 - nothing here goes through a shell
                ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
                capture_output=True,
                check=False,
            )
        except OSError:
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
