"""Find the new revisions: those of the working tree that the base does not have."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.util import CommandError

from conformance.errors import BaseUnavailable
from conformance.gate.evidence.report import GateFinding
from conformance.gate.revisions.files import (
    accepted_in,
    identifier_in,
    irreversible_in,
    same_code,
)
from conformance.gate.revisions.git import Repository
from conformance.project.scripts import heads_of, revisions_of

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.script.base import Script


@dataclass(frozen=True)
class Revision:
    """A new revision, as read from its file.

    Attributes:
        parents: the previous revisions; none for the first revision, several for a merge.
        title: the first line of the docstring.
        path: the path of the file.
        file: the path to display: relative to the working directory if the file is below it.
        accepted: reasons by code, or by code and subject (`data-lost:curves.source`).
        irreversible: the reason why the revision cannot be downgraded, if it declares one.
    """

    identifier: str
    parents: tuple[str, ...]
    title: str
    path: Path
    file: str
    accepted: dict[str, str]
    irreversible: str | None = None


@dataclass(frozen=True)
class NewRevisions:
    """The revisions to rehearse, and their base.

    Attributes:
        base: a description of the state that the revisions are compared with.
        base_heads: the last old revisions; none if all are new.
        revisions: the new revisions, in execution order.
        findings: findings about old revisions that were edited or deleted.
        repository: the git repository of the revisions; None if there is none.
        commit: the last commit without the new revisions; None if there is none.
    """

    base: str
    base_heads: tuple[str, ...]
    revisions: tuple[Revision, ...]
    findings: tuple[GateFinding, ...] = ()
    repository: Repository | None = None
    commit: str | None = None


def new_since_revision(config: Config, last_old: str) -> NewRevisions:
    """Find all revisions after the given one; after `base`, all are new.

    Args:
        last_old: the id of a revision, or a part of it that is one's alone; `-3`: the last three
            are new, in the order of execution.

    Raises:
        MigrationFailed: the files cannot be read, or have more than one head.
        BaseUnavailable: there is no such revision.
    """
    directory = _directory(config)
    newest_first = [script.revision for script in directory.walk_revisions()]
    count = int(last_old[1:]) if re.fullmatch(r"-[0-9]+", last_old) else 0
    if last_old == "base" or count >= len(newest_first):
        return _with_commit(_new(directory, frozenset(), "nothing: all revisions are new"), config)
    if count:
        old, base = newest_first[count:], f"all revisions but the last {count}"
    else:
        old, base = _until(directory, last_old, newest_first)
    return _with_commit(_new(directory, frozenset(old), base), config)


def _until(
    directory: ScriptDirectory, last_old: str, newest_first: list[str]
) -> tuple[list[str], str]:
    """The revision and those before it, and what to call them."""
    try:
        # Alembic asserts that a name is not empty.
        script = directory.get_revision(last_old or " ")
        found = [item.revision for item in directory.iterate_revisions(script.revision, "base")]
    except CommandError as error:
        known = ", ".join(newest_first[:_SHOWN])
        more = "the newest are " if len(newest_first) > _SHOWN else ""
        raise BaseUnavailable(
            f"There is no revision {last_old!r}: {str(error).rstrip('.')}.",
            f"Use the id of a revision ({more}{known}), -1 to rehearse the last one, or base.",
        ) from None
    return found, f"revision {script.revision}"


#: How many ids a hint names: a project can have hundreds.
_SHOWN = 5


def _with_commit(new: NewRevisions, config: Config) -> NewRevisions:
    """Add what git knows, if there is a repository."""
    try:
        repository = _repository(config)
    except BaseUnavailable:
        return new
    commit = repository.before([revision.path for revision in new.revisions])
    return replace(new, repository=repository, commit=commit)


def _repository(config: Config) -> Repository:
    return Repository(Path(str(config.config_file_name)).resolve().parent)


def new_since_commit(config: Config, reference: str | None) -> NewRevisions:
    """Find all revisions that the commit does not have.

    Args:
        reference: a branch, tag or commit; None for the merge base with the main branch.

    Raises:
        MigrationFailed: the files cannot be read, or have more than one head.
        BaseUnavailable: there is no git repository, or no such commit.
    """
    directory = _directory(config)
    repository = _repository(config)
    if reference is None:
        branch, commit = repository.main_branch()
        base = f"the last commit shared with {branch} ({commit[:10]})"
    else:
        commit = repository.commit(reference)
        base = f"{reference} ({commit[:10]})"
    sources = _sources(directory, repository, commit)
    # Changes of the base since the merge base are not changes of the working tree.
    ancestor = repository.merge_base(commit)
    before = sources if ancestor == commit else _sources(directory, repository, ancestor)
    edited = tuple(_edited(directory, before, base))
    new = _new(directory, frozenset(sources), base, edited)
    return replace(new, repository=repository, commit=ancestor)


def _directory(config: Config) -> ScriptDirectory:
    heads_of(config)
    return revisions_of(config)


def _sources(directory: ScriptDirectory, repository: Repository, commit: str) -> dict[str, str]:
    """The source files of a commit, by revision."""
    found: dict[str, str] = {}
    for folder in _folders(directory):
        for source in repository.files(
            commit, folder, below=bool(directory.recursive_version_locations)
        ).values():
            identifier = identifier_in(source)
            if identifier is not None:
                found[identifier] = source
    return found


def _folders(directory: ScriptDirectory) -> list[Path]:
    configured = directory.version_locations
    if configured:
        return [Path(folder).resolve() for folder in configured]
    return [Path(directory.dir).resolve() / "versions"]


def _edited(directory: ScriptDirectory, sources: dict[str, str], base: str) -> list[GateFinding]:
    present = {script.revision: script for script in directory.walk_revisions()}
    findings = []
    for identifier, before in sorted(sources.items()):
        script = present.get(identifier)
        if script is None:
            what = "is in the base but was deleted"
        elif not same_code(before, Path(script.path).read_text("utf-8")):
            what = "is in the base but was edited"
        else:
            continue
        findings.append(
            GateFinding(
                "revision-edited",
                identifier,
                "",
                f"Revision {identifier} {what}; databases that have run it keep the old state.",
                f"Restore the revision as it is in {base}, and put the change into a new revision.",
            )
        )
    return findings


def _new(
    directory: ScriptDirectory,
    old: frozenset[str],
    base: str,
    findings: tuple[GateFinding, ...] = (),
) -> NewRevisions:
    scripts = list(reversed(list(directory.walk_revisions())))
    followed = {
        parent for script in scripts if script.revision in old for parent in _parents(script)
    }
    heads = [item.revision for item in scripts if item.revision in old - followed]
    new = tuple(_revision(script) for script in scripts if script.revision not in old)
    return NewRevisions(base, tuple(heads), new, findings)


def _revision(script: Script) -> Revision:
    path = Path(script.path)
    here = Path.cwd()
    file = str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)
    return Revision(
        script.revision,
        _parents(script),
        (script.doc or "").strip().split("\n")[0],
        path,
        file,
        accepted_in(script.module, file),
        irreversible_in(script.module, file),
    )


def _parents(script: Script) -> tuple[str, ...]:
    down = script.down_revision
    if down is None:
        return ()
    return (down,) if isinstance(down, str) else tuple(down)
