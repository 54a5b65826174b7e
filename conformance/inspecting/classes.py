"""Classes for tables, by sqlacodegen: columns and relationships, with our `__table_args__`."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING, Any

from sqlacodegen.generators import DeclarativeGenerator
from sqlacodegen.models import ModelClass
from sqlalchemy import ARRAY, Column, DefaultClause, MetaData, Table
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.types import UserDefinedType

from conformance.inspecting.code import (
    Call,
    Name,
    given,
    import_lines,
    imports_of,
    rendered,
)
from conformance.inspecting.observed import is_plain
from conformance.literals import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlacodegen.models import Model, RelationshipAttribute
    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

#: One attribute a column instead of joined inheritance; texts instead of classes for enums.
_OPTIONS = ("nojoined", "nonativeenums", "nosyntheticenums")
#: Names that a class or an attribute may not take, beside those that are imported by themselves.
_TAKEN = frozenset(
    {
        "Base", "OtherType", "metadata", "registry", "sqlalchemy", "datetime", "decimal", "uuid",
        "bool", "bytes", "dict", "float", "int", "list", "object", "str",
    }
)  # fmt: skip
_OTHER_TYPE = '''\
class OtherType(UserDefinedType[Any]):
    """A type that SQLAlchemy does not know."""

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: Any) -> str:
        return self.spelling'''


class OtherType(UserDefinedType[Any]):
    """A type that SQLAlchemy does not know, by its spelling in SQL."""

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: Any) -> str:
        """For CREATE TABLE."""
        return self.spelling


class Classes(DeclarativeGenerator):
    """The classes of a metadata.

    Args:
        metadata: tables with their columns, primary keys and foreign keys.
        args: what stands in `__table_args__`, by the table.
        options: the keyword arguments of the table.
        of_metadata: makes what is registered with the metadata, from the code of the metadata.
        related: whether the classes have relationships.
    """

    def __init__(  # noqa: PLR0913 - what a class is made of
        self,
        metadata: MetaData,
        bind: Connection,
        args: Mapping[Table, Sequence[Call]],
        options: Mapping[Table, Mapping[str, Any]],
        of_metadata: Callable[[str], Sequence[Call]] = lambda _: (),
        *,
        related: bool = True,
    ) -> None:
        super().__init__(metadata, bind, _OPTIONS)
        self._args = args
        self._options = options
        self._of_metadata = of_metadata
        self._related = related
        self._column: Column[Any] | None = None

    def generate_relationships(
        self, source: ModelClass, named: dict[str, Model], between: list[Model]
    ) -> list[RelationshipAttribute]:
        """The relationships, if the classes have any.

        SQLAlchemy 2.0 evaluates the name of a table between two others, as Python.
        """
        if not self._related:
            return []
        plain = [
            item
            for item in between
            if is_plain(item.table.name) and is_plain(item.schema or "public")
        ]
        return super().generate_relationships(source, named, plain)

    def find_free_name(
        self, name: str, global_names: set[str], local_names: Collection[str] = ()
    ) -> str:
        """A name that is not taken, and not private: SQLAlchemy maps no such attribute."""
        # As Python reads a name.
        name = re.sub(r"\W", "_", unicodedata.normalize("NFKC", name))
        name = f"of{name}" if name.startswith("__") else name
        return str(super().find_free_name(name, global_names | _TAKEN, local_names))

    def prepared(self) -> list[Model]:
        """The classes, each of which can be rendered by itself."""
        self.generate_base()
        for table in self.metadata.tables.values():
            self.fix_column_types(table)
        return self.generate_models()

    def source_of(self, model: Model) -> str:
        """One class, or one table without a class."""
        if isinstance(model, ModelClass):
            return str(self.render_class(model))
        return f"{model.name} = {self.render_table(model.table)}"

    def collect_imports_for_constraint(self, constraint: object) -> None:
        """Nothing: the imports follow from `__table_args__`."""

    def collect_imports(self, models: Iterable[Model]) -> None:
        """All imports, before classes are named: a table may be called `view`."""
        super().collect_imports(models)
        self._import([item for items in self._args.values() for item in items])
        self._import(self._of_metadata(self.base.metadata_ref))

    def fix_column_types(self, table: Table) -> None:
        """Adapt types, and leave defaults as they are: sequences are declared by themselves."""
        defaults = {column: column.server_default for column in table.columns}
        super().fix_column_types(table)
        for column, default in defaults.items():
            column.server_default, column.default = default, None

    def should_ignore_table(self, table: Table) -> bool:  # noqa: ARG002 - as in sqlacodegen
        """No table: the facts have only those that count."""
        return False

    def render_models(self, models: list[Model]) -> str:
        """The classes, and what is registered with the metadata after them."""
        text: str = super().render_models(models)
        calls = self._of_metadata(self.base.metadata_ref)
        return "\n\n\n".join(filter(None, (text, "\n".join(map(rendered, calls)))))

    def render_table_args(self, table: Table) -> str:
        """`__table_args__`: all constraints, indexes and declarations, and the options."""
        items: list[Any] = [*self._args[table]]
        options = {**self._options[table]}
        if options and not items:
            return rendered(options)
        if options:
            items.append(options)
        return _broken(tuple(items)) if items else ""

    def render_table(self, table: Table) -> str:
        """A table without a class: it has no primary key."""
        lines = [f"{quoted(table.name)},", f"{self.base.metadata_ref},"]
        lines += [f"{self.render_column(column, True, True)}," for column in table.columns]
        lines += [f"{rendered(item, room=95)}," for item in self._args[table]]
        lines += [f"{name}={rendered(value)}," for name, value in self._options[table].items()]
        return "Table(\n{}\n)".format(textwrap.indent("\n".join(lines), self.indentation))

    def render_column(self, column: Column[Any], *args: Any) -> str:
        """The column."""
        self._column = column
        text: str = super().render_column(column, *args)
        return text

    def render_column_callable(self, is_table: bool, *args: Any, **kwargs: Any) -> str:
        """The call for a column: whether PostgreSQL numbers it is said."""
        column = self._column
        assert column is not None
        if column.primary_key and isinstance(column.autoincrement, bool):
            kwargs["autoincrement"] = column.autoincrement
        if isinstance(column.server_default, DefaultClause):
            self.add_literal_import("sqlalchemy", "text")
        text: str = super().render_column_callable(is_table, *args, **kwargs)
        return text

    def get_adapted_type(self, coltype: Any) -> Any:
        """A general type for one of PostgreSQL's; a domain stays as it is."""
        if isinstance(coltype, DOMAIN):
            coltype.data_type = super().get_adapted_type(coltype.data_type)
            return coltype
        return super().get_adapted_type(coltype)

    def render_column_type(self, column: Column[Any]) -> str:
        """The type."""
        kind: Any = column.type
        if isinstance(kind, OtherType):
            self.uses_other_type = True
            self.add_literal_import("sqlalchemy.types", "UserDefinedType")
            self.add_literal_import("typing", "Any")
            return f"OtherType({quoted(kind.spelling)})"
        if isinstance(kind, DOMAIN):
            return self._domain(kind)
        if isinstance(kind, ARRAY):
            dimensions = given(dimensions=kind.dimensions)
            return rendered(Call("ARRAY", (self._type(kind.item_type),), dimensions), room=10_000)
        text: str = super().render_column_type(column)
        return text

    def _type(self, kind: TypeEngine[Any]) -> Name:
        """A type by itself: of an array's items, of a domain."""
        self.add_import(kind)
        alone = Table("alone", MetaData(), Column("item", kind))
        return Name(self.render_column_type(alone.c["item"]))

    def _domain(self, domain: DOMAIN) -> str:
        """As SQLAlchemy's DOMAIN takes it."""
        call = Call(
            "DOMAIN",
            (str(domain.name), self._type(domain.data_type)),
            given(
                collation=domain.collation,
                default=_text(domain.default),
                not_null=domain.not_null or None,
                check=_text(domain.check),
                schema=domain.schema,
            ),
        )
        self._import([_text(domain.default), _text(domain.check)])
        return rendered(call, room=10_000)

    def group_imports(self) -> list[list[str]]:
        """All imports; a long line is broken."""
        return [import_lines(self.imports, self.module_imports)]

    uses_other_type = False

    def add_import(self, obj: Any) -> None:
        """Everything but our own stand-in, which is printed with the module."""
        if not isinstance(obj, OtherType):
            super().add_import(obj)

    def render_module_variables(self, models: list[Model]) -> str:
        """The declarative base."""
        text: str = super().render_module_variables(models)
        for model in models:
            for column in model.table.columns:
                self.render_column_type(column)
        return "\n" + "\n\n\n".join(filter(None, (text, self.helper)))

    @property
    def helper(self) -> str:
        """The class of types that SQLAlchemy does not know; empty where none is used."""
        return _OTHER_TYPE if self.uses_other_type else ""

    def column_of(self, column: Column[Any]) -> str:
        """`price: Mapped[float] = mapped_column(Double)`, as an attribute of a class."""
        self.add_import(column.type)
        if column.server_default is not None:
            self.collect_imports_for_column(column)
        self.add_literal_import("sqlalchemy.orm", "Mapped")
        self.add_literal_import("sqlalchemy.orm", "mapped_column")
        name = self.find_free_name(column.name, set())
        kind = self.render_column_python_type(column)
        return f"{name}: Mapped[{kind}] = {self.render_column(column, name != column.name)}"

    def _import(self, items: Sequence[Any]) -> None:
        for module, names in imports_of(items).items():
            for name in names:
                self.add_literal_import(module, name)


def _broken(items: tuple[Any, ...]) -> str:
    """One item a line, however short the line would be."""
    lines = (f"    {rendered(item, 1, room=91)}," for item in items)
    return "\n".join(["(", *lines, ")"])


def _text(clause: Any) -> Call | None:
    return None if clause is None else Call("text", (clause.text,), module="sqlalchemy")


__all__ = ["Classes", "ModelClass", "OtherType"]
