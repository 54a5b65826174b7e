"""The line of a model that a fact is about."""

from __future__ import annotations

import sys
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.comparing.places import Place
from conformance.places import source
from conformance.places.repository import path_below

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from sqlalchemy import Constraint, Index, MetaData, Table

#: Kind -> the declarations in a class, or in a Table, that the kind's facts come from.
_DECLARED_BY = {
    "hypertable": ("Hypertable",),
    "compression": ("Compression",),
    "chunk": ("Compression", "Hypertable"),
    "chunk_skipping": ("ChunkSkipping",),
    "primary_key": ("PrimaryKeyConstraint",),
    "storage": ("Storage", "ColumnStorage"),
    "trigger": ("Trigger",),
    "rule": ("Rule",),
    "row_security_policy": ("RowSecurityPolicy",),
    "privilege": ("Grant",),
}
#: The first word of a policy's name -> its declaration.
_POLICIES = {
    "retention": ("Retention",),
    "compression": ("Compression",),
    "compaction": ("Compaction",),
    "reorder": ("Reorder",),
    "refresh": ("Refresh", "ContinuousAggregate"),
}
#: Declarations that several objects of a table share a kind with: the name decides.
_NAMED = ("trigger", "rule", "row_security_policy")
#: Calls that declare a relation or another object by its name.
_BY_NAME = (
    "Table", "View", "MaterializedView", "ContinuousAggregate", "Job", "Setting", "Extension",
    "Function", "Procedure", "DatabaseObject", "Enum", "Sequence",
)  # fmt: skip


class ModelPlaces:
    """Finds the lines of the models that declare a metadata.

    Only files below the root count: a repository's annotations are about its own files.

    Args:
        root: the root of the repository.
        default_schema: the schema of tables without one.
    """

    def __init__(self, metadata: MetaData, root: Path, default_schema: str = "public") -> None:
        self._root = root
        self._tables = {
            name: table
            for table in metadata.tables.values()
            for name in _names_of(table, default_schema)
        }

    def __call__(self, kind: str, object_: str, attribute: str = "") -> Place | None:
        """The place of a fact by the parts of its id; the models' first file if it has none.

        Returns:
            None if no model is below the root.
        """
        table, part = self._split(object_)
        found = None
        if table is not None:
            found = self._in_table(table, kind, part, attribute)
        return found or self._by_name(kind, object_, attribute) or self.first

    @cached_property
    def first(self) -> Place | None:
        """The first line of the first file with a model."""
        for table in self._tables.values():
            for file, _ in self._definitions(table):
                return self._place(file, 1)
        return None

    def _split(self, object_: str) -> tuple[Table | None, str]:
        """The table of an object, and the part of the table: both may have dots in their names."""
        fitting = [
            name for name in self._tables if object_ == name or object_.startswith(f"{name}.")
        ]
        if not fitting:
            return None, ""
        name = max(fitting, key=len)
        return self._tables[name], object_[len(name) + 1 :]

    def _in_table(self, table: Table, kind: str, part: str, attribute: str) -> Place | None:
        definitions = list(self._definitions(table))
        for file, node in definitions:
            line = _line_in(node, table, kind, part, attribute)
            if line is not None:
                return self._place(file, line)
        return self._place(definitions[0][0], definitions[0][1].lineno) if definitions else None

    def _definitions(self, table: Table) -> Iterator[tuple[Path, ast.ClassDef | ast.Call]]:
        """The class of a table and the classes that it inherits from, or the call of Table."""
        for class_ in self._classes.get(table, ()):
            file = _file_of(sys.modules.get(class_.__module__))
            if file is None or path_below(self._root, file) is None:
                continue
            node = source.class_named(source.parsed(file), class_.__qualname__)
            if node is not None:
                yield file, node
        for file, call in self._calls_about(table.name):
            if source.name_of(call) == "Table":
                yield file, call

    def _by_name(self, kind: str, object_: str, attribute: str) -> Place | None:
        """The declaration of an object that belongs to no table of the metadata."""
        if kind == "extension" and object_ == "timescaledb":
            found = (item for item in self._calls if source.name_of(item[1]) == "TimescaleDB")
        else:
            names = {object_, object_.rpartition(".")[2], object_.partition("(")[0]}
            about = self._calls_about(*names)
            found = (item for item in about if source.name_of(item[1]) in _BY_NAME)
        places = (self._place(file, source.line_of(call, attribute)) for file, call in found)
        return next(places, None)

    def _calls_about(self, *names: str) -> Iterator[tuple[Path, ast.Call]]:
        """The calls whose first text is one of the names."""
        found = sorted(number for name in names for number in self._numbers.get(name, ()))
        return (self._calls[number] for number in found)

    @cached_property
    def _calls(self) -> list[tuple[Path, ast.Call]]:
        """All calls of the models' files, in the order of the source."""
        return [(file, call) for file in self._files for call in source.calls(source.parsed(file))]

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """The first text of calls, and where in `_calls` they are."""
        found: dict[str, list[int]] = {}
        for number, (_, call) in enumerate(self._calls):
            for text in source.texts_of(call)[:1]:
                found.setdefault(text, []).append(number)
        return found

    @cached_property
    def _classes(self) -> dict[Table, Sequence[type]]:
        """The mapped class of each table, with the classes that it inherits from."""
        tables = {id(table): table for table in self._tables.values()}
        found: dict[Table, Sequence[type]] = {}
        for module in self._modules:
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == module.__name__:
                    table = tables.get(id(vars(value).get("__table__")))
                    if table is not None:
                        found.setdefault(table, value.__mro__[:-1])
        return found

    @cached_property
    def _modules(self) -> list[ModuleType]:
        """The imported modules of the repository, without those of installed packages."""
        return [
            module
            for module in list(sys.modules.values())
            if (file := _file_of(module)) is not None
            and path_below(self._root, file) is not None
            and "site-packages" not in file.parts
            and not module.__name__.startswith("conformance.")
        ]

    @cached_property
    def _files(self) -> list[Path]:
        files = {_file_of(module): None for module in self._modules}
        return [file for file in files if file is not None]

    def _place(self, file: Path, line: int) -> Place | None:
        path = path_below(self._root, file)
        return None if path is None else Place(path, line)


def _names_of(table: Table, default_schema: str) -> tuple[str, ...]:
    """How facts may call the table."""
    schema = table.schema or default_schema
    qualified = f"{schema}.{table.name}"
    return (table.name, qualified) if schema == default_schema else (qualified,)


def _file_of(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if isinstance(file, str) and file.endswith(".py") else None


def _line_in(
    node: ast.ClassDef | ast.Call, table: Table, kind: str, part: str, attribute: str
) -> int | None:
    """The line inside of a class or of a Table; None if nothing there is about it."""
    if kind in _NAMED:
        return next(
            (call.lineno for call in source.calls(node) if source.is_named(call, part)), None
        )
    if kind == "policy":
        declarations = _POLICIES.get(part.strip("<>").partition(" ")[0], ())
        return source.line_of_call(node, declarations, attribute)
    if kind in _DECLARED_BY:
        line = source.line_of_call(node, _DECLARED_BY[kind], attribute)
        return _line_of_key(node, table) if line is None and kind == "primary_key" else line
    if not part:
        return None
    return source.line_of_column(node, part) or _line_of_constraint(node, table, part)


def _line_of_key(node: ast.ClassDef | ast.Call, table: Table) -> int | None:
    lines = (source.line_of_column(node, column.name) for column in table.primary_key)
    return next((line for line in lines if line is not None), None)


def _line_of_constraint(node: ast.ClassDef | ast.Call, table: Table, name: str) -> int | None:
    """By its name; else by its columns; else, of a single column, where that column stands."""
    named = (
        call.lineno
        for call in source.calls(node)
        if source.name_of(call).endswith(("Constraint", "Index")) and source.is_named(call, name)
    )
    if (line := next(named, None)) is not None:
        return line
    columns = _columns_of(table, name)
    if not columns:
        return None
    for call in source.calls(node):
        # The first argument of an Index is its name.
        if columns in (source.texts_of(call), source.texts_of(call)[1:]) and len(columns) > 1:
            return call.lineno
    return source.line_of_column(node, columns[0])


def _columns_of(table: Table, name: str) -> list[str]:
    """The columns of the table's constraint or index of the name."""
    items: Iterator[Constraint | Index] = chain(table.constraints, table.indexes)
    for item in items:
        if item.name == name:
            return [column.name for column in getattr(item, "columns", ())] or _ending(table, name)
    return _ending(table, name)


def _ending(table: Table, name: str) -> list[str]:
    """The column that a conventional name such as `ck_curves_curve_type` ends with."""
    fitting = [column.name for column in table.columns if name.endswith(f"_{column.name}")]
    return [max(fitting, key=len)] if fitting else []
