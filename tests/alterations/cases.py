"""What a case of these tests is: a change of a conforming schema, and all the findings it gives."""

from __future__ import annotations

import importlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import MetaData, Table

import models
from conformance.pipeline import check_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from conformance.comparing.capabilities import Capabilities
    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import Finding
    from conformance.declarations.base import Declaration, Requirement


@dataclass(frozen=True)
class Alteration:
    """A change of the database, as one string of SQL.

    Attributes:
        name: the case's name in the test's id.
        sql: runs in one transaction on the migrated database.
        findings: the ids of all findings that must follow, and no others.
        since: the oldest TimescaleDB that allows the statement.
        before: the oldest one that no longer does.
        postgresql: the oldest PostgreSQL that knows the statement.
        community: it needs the Community edition.
    """

    name: str
    sql: str
    findings: frozenset[str] | set[str] = frozenset()
    since: tuple[int, ...] = (2, 17)
    before: tuple[int, ...] = (99,)
    postgresql: int = 15
    community: bool = False


@dataclass(frozen=True)
class ModelEdit:
    """A change of one file of `models/`, as an editor makes it, while the database stays.

    Attributes:
        name: the case's name in the test's id.
        file: the file in `models/`.
        old: the text that is replaced; it stands there once.
        new: what it is replaced by.
        findings: the ids of all findings that must follow, and no others.
        imports: lines that the new text needs at the head of the file.
        community: it needs the Community edition.
    """

    name: str
    file: str
    old: str
    new: str
    findings: frozenset[str] | set[str] = frozenset()
    imports: str = ""
    community: bool = False


def parametrize(cases: Sequence[Alteration | ModelEdit]) -> pytest.MarkDecorator:
    """One test for each case, under the case's name."""
    assert len({case.name for case in cases}) == len(cases)
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name.replace(" ", "-"))


@dataclass(frozen=True)
class Database:
    """An open transaction on a database, rolled back after the test."""

    connection: Connection
    capabilities: Capabilities
    metadata: MetaData = models.Base.metadata

    def execute(self, sql: str) -> None:
        """Run the text as it stands."""
        self.connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def value(self, sql: str) -> Any:
        """The first value that the text gives."""
        return self.connection.exec_driver_sql(sql).scalar_one()

    def compare(self, metadata: MetaData | None = None, *, living: bool = False) -> Comparison:
        """Compare with the models, or with other metadata."""
        return check_database(
            self.connection, metadata or self.metadata, self.capabilities, living=living
        )

    def expect(
        self, findings: Iterable[str], metadata: MetaData | None = None, *, living: bool = False
    ) -> None:
        """Exactly these findings, each with a message that says what it is about."""
        found = self.compare(metadata, living=living).findings.values()
        messages = "\n".join(finding.message for finding in found)
        assert {finding.id for finding in found} == set(findings), messages
        for finding in found:
            assert_message_is_complete(finding)

    def requiring(self, *requirements: Requirement) -> MetaData:
        """The models of this project, with more required of the database."""
        metadata = MetaData()
        for table in self.metadata.sorted_tables:
            table.to_metadata(metadata)
        for requirement in requirements:
            requirement.require(metadata)
        return metadata

    def declaring(self, table: str, *declarations: Declaration) -> MetaData:
        """The models of this project, with more declared of one table."""
        metadata = self.requiring()
        info = metadata.tables[table].info
        if hasattr(info, "declarations"):
            # The copy of a table keeps its declarations in the same lists.
            info.declarations = {kind: [*items] for kind, items in info.declarations.items()}
        Table(table, metadata, *declarations, extend_existing=True)
        return metadata

    def alter(self, case: Alteration) -> None:
        """Make the case's change, or skip where the server does not know it."""
        self.require(case)
        self.execute(case.sql)

    def require(self, case: Alteration | ModelEdit) -> None:
        """Skip what this server cannot do."""
        if case.community and not self.capabilities.community_edition:
            pytest.skip("needs the Community edition")
        if isinstance(case, Alteration):
            version = self.value("SELECT extversion FROM pg_extension WHERE extname='timescaledb'")
            numbers = tuple(int(part) for part in version.split("-")[0].split("."))
            if not case.since <= numbers < case.before:
                pytest.skip(f"TimescaleDB {version} refuses the statement")
            if self.connection.dialect.server_version_info < (case.postgresql,):
                pytest.skip(f"needs PostgreSQL {case.postgresql}")


def assert_message_is_complete(finding: Finding) -> None:
    """It names the object, and both values where there are two."""
    shown = finding.object.replace("<", "").replace(">", "")
    assert shown in finding.message
    if finding.disagreement == "different":
        assert finding.expected != finding.observed
        for value in (finding.expected, finding.observed):
            for word in _words(value):
                assert word in finding.message
    assert finding.hint.startswith("Read from ")


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for item in value for word in _words(item)]
    names: dict[Any, str] = {None: "none", True: "yes", False: "no"}
    is_name = value is None or isinstance(value, bool)
    return [names[value] if is_name else str(value)]


def edited_models(edit: ModelEdit, folder: Path) -> MetaData:
    """The metadata of the models after the edit; the real ones stay untouched.

    Args:
        folder: an empty one, for the edited copy.
    """
    copy = folder / "models"
    shutil.copytree(Path(models.__file__).parent, copy, ignore=shutil.ignore_patterns("*.pyc"))
    path = copy / edit.file
    source = path.read_text(encoding="utf-8")
    assert source.count(edit.old) == 1, f"{edit.file} has {edit.old!r} {source.count(edit.old)}x"
    path.write_text(_edited(source, edit), encoding="utf-8")
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_model(name)}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        edited = importlib.import_module("models")
        assert Path(str(edited.__file__)).parent == copy
        return edited.Base.metadata
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if _is_model(name)]:
            del sys.modules[name]
        sys.modules.update(real)


def _edited(source: str, edit: ModelEdit) -> str:
    future = "from __future__ import annotations\n"
    begin, found, rest = source.replace(edit.old, edit.new).partition(future)
    if not found:
        begin, rest = "", begin
    return f"{begin}{found}{edit.imports}\n{rest}"


def _is_model(module: str) -> bool:
    return module == "models" or module.startswith("models.")
