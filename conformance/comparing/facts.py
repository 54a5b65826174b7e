"""Facts: atomic truths about a schema, as plain values.

A fact is a key and a value. Both sides of a comparison, what the models expect and what the
catalog shows, are mappings from key to value; equal values mean agreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.comparing.capabilities import version_tuple
from conformance.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Kinds that only the census reads. Of such an object it is known that it exists, and no more.
OBJECTS = (
    "domain",
    "composite_type",
    "range_type",
    "base_type",
    "unused_type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "window_function",
    "operator",
    "operator_class",
    "operator_family",
    "cast",
    "collation",
    "conversion",
    "text_search_configuration",
    "text_search_dictionary",
    "text_search_parser",
    "text_search_template",
    "statistics",
    "schema",
    "event_trigger",
    "publication",
    "subscription",
    "foreign_data_wrapper",
    "foreign_server",
    "user_mapping",
    "language",
    "access_method",
    "transform",
    "security_label",
    # An object of a kind that the census does not know.
    "object",
)

#: Every kind of fact, causes before their consequences: the order of checks and of reports.
KINDS = (
    "extension",
    "setting",
    "type",
    *OBJECTS,
    "table",
    "column",
    "primary_key",
    "unique",
    "foreign_key",
    "check",
    "exclusion",
    "hypertable",
    "view",
    "materialized_view",
    "continuous_aggregate",
    "index",
    "compression",
    "policy",
    "job",
    "chunk",
    "chunk_skipping",
    "trigger",
    "rule",
    "row_security_policy",
    "storage",
    "comment",
    "privilege",
    "default_privilege",
    "catalog",
)
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}

#: The value of a setting that TimescaleDB chooses by itself.
AUTOMATIC = "automatic"

#: The offset of a refresh policy whose window has no limit on that side.
UNBOUNDED = "unbounded"

#: What is wrong with a continuous aggregate of which every query fails.
UNREADABLE = "cannot be read, because its ORDER BY has an expression that it does not select"

#: A name and the types that the server prints, in which brackets stand only within quotes.
_SIGNATURE = re.compile(r'(.*)(\((?:[^()"]|"(?:[^"]|"")*")*\))', re.DOTALL)

#: The attribute that says whether an object exists.
EXISTS = "exists"
#: What an owner of tables may lack beside privileges on these; the schema's name follows.
USAGE_ON_SCHEMA = "usage on schema "

#: Kinds that do not belong to a table: `FactKey.table` is the name of the object itself.
WITHOUT_TABLE = frozenset(
    {
        "extension",
        "setting",
        "type",
        "job",
        "privilege",
        "default_privilege",
        "catalog",
        *OBJECTS,
    }
)

#: Kinds of relations whose rows come from a query.
DERIVED = ("view", "materialized_view", "continuous_aggregate")


#: Attribute -> other attributes of the same object. A finding about one of them explains it.
_CAUSES = {
    ("table", "partitioned_by"): ("kind",),
    ("table", "altered_partitions"): ("kind",),
    ("column", "generated_storage"): ("generated",),
    # Only an integer time column has the function.
    ("hypertable", "integer_now"): ("time_type",),
    ("continuous_aggregate", "definition"): ("source", "bucket"),
    ("continuous_aggregate", "columns"): ("source", "bucket", "definition"),
    ("view", "columns"): ("definition",),
    ("materialized_view", "columns"): ("definition",),
}


class FactKey(NamedTuple):
    """Which truth: the kind of object, the object, and one attribute of it.

    Attributes:
        kind: one of `KINDS`.
        table: the name of the table, qualified by its schema unless the schema is the default one;
            for kinds without a table, the name of the object itself.
        name: the part of the table (column, constraint, ...); empty for the table itself.
        attribute: `exists`, or a property of the object.
    """

    kind: str
    table: str
    name: str
    attribute: str

    @property
    def object(self) -> str:
        """`market_data`, `market_data.close`."""
        name = unbracketed(self.name)
        return f"{self.table}.{name}" if name else self.table

    @property
    def id(self) -> str:
        """`hypertable:market_data:chunk_interval`."""
        return f"{self.kind}:{self.object}:{self.attribute}"

    @property
    def existence(self) -> FactKey:
        """The key of the fact that this object exists."""
        return self._replace(attribute=EXISTS)

    def causes(self) -> list[FactKey]:
        """The facts that explain this one where they are findings, nearest first."""
        found = [self._replace(attribute=cause) for cause in self._explained_by]
        if self.attribute != EXISTS:
            found.append(self.existence)
        # A name in angle brackets is an index that create_hypertable makes.
        automatic = self.kind == "index" and self.name.startswith("<")
        if automatic or self.kind in ("compression", "policy", "chunk"):
            found.append(FactKey("hypertable", self.table, "", EXISTS))
        if self.kind == "policy" and self.name == "compression":
            found.append(FactKey("compression", self.table, "", EXISTS))
        if self.attribute == "other_compression_settings":
            # Those of the hypertable are what chunks are compared with.
            found += [
                FactKey("compression", self.table, "", name) for name in ("segment_by", "order_by")
            ]
        if self.kind == "privilege":
            found += self._privileged()
        if self.kind in ("comment", "storage") and self.name:
            of = ("column", "index") if self.kind == "storage" else ("column",)
            found += [FactKey(kind, self.table, self.name, EXISTS) for kind in of]
        if self.kind != "table" and self.kind not in WITHOUT_TABLE:
            # A name belongs to one relation: a relation that is not a table may be a view.
            relations = (FactKey(kind, self.table, "", EXISTS) for kind in ("table", *DERIVED))
            found += [key for key in relations if key != self]
        if self.kind == "job" or self.kind not in WITHOUT_TABLE:
            found.append(FactKey("extension", "timescaledb", "", EXISTS))
        return found

    def _privileged(self) -> Iterator[FactKey]:
        """What the privilege is on: a relation, a column `prices (at)`, `function one()`."""
        word, _, rest = self.table.partition(" ")
        table, _, column = self.table.partition(" (")
        if word in ("function", "procedure"):
            yield FactKey(word, rest, "", EXISTS)
            return
        if column:
            yield FactKey("column", table, column.removesuffix(")"), EXISTS)
        for kind in ("table", *DERIVED, "sequence"):
            yield FactKey(kind, table, "", EXISTS)

    @property
    def _explained_by(self) -> tuple[str, ...]:
        return _CAUSES.get((self.kind, self.attribute), ())

    def sort_key(self) -> tuple[int, str, str, bool, int, str]:
        """Causes first, then by object, `exists` before the other attributes."""
        return (
            _RANK[self.kind],
            self.table,
            self.name,
            self.attribute != EXISTS,
            len(self._explained_by),
            self.attribute,
        )


class Detail(str):
    """The value of `exists` with a description of the object; it agrees with True.

    Attributes:
        judged: whether an undeclared object is a finding; None: the kind of the object decides.
        part: whether the object belongs to another object; such an object is neither counted nor
            reported unless a model declares it.
    """

    __slots__ = ("judged", "part")
    judged: bool | None
    part: bool

    def __new__(cls, text: str, *, judged: bool | None = None, part: bool = False) -> Detail:
        """The description, with its meaning for the verdict."""
        made = super().__new__(cls, text)
        made.judged, made.part = judged, part
        return made


class Default(str):
    """An expected value that is PostgreSQL's default: a database that names no value has it."""

    __slots__ = ()


class Body(str):
    """The digest of a function's body, with what CREATE FUNCTION needs beside the other facts.

    Attributes:
        text: the body, between its quotes.
        arguments: as they were declared, with names and defaults.
        definition: what follows the arguments, where it was declared as a whole; else empty.
    """

    __slots__ = ("arguments", "definition", "text")
    text: str
    arguments: str
    definition: str

    def __new__(
        cls, digest: str, text: str = "", arguments: str = "", definition: str = ""
    ) -> Body:
        """The digest, with its source."""
        made = super().__new__(cls, digest)
        made.text, made.arguments, made.definition = text, arguments, definition
        return made


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL expression; two are equal when the server prints both alike.

    Attributes:
        canonical: the expression as the server prints it; the text until the server was asked.
        text: as it was written, for messages.
        refused: why the server was not asked; empty if it was, or was not yet.
    """

    canonical: str
    text: str = field(compare=False)
    refused: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class TypeName:
    """A SQL type; two are equal when the server prints both alike."""

    canonical: str
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.canonical


@dataclass(frozen=True, slots=True)
class Query:
    """A query; two are equal when the server plans both alike.

    Attributes:
        canonical: the query as the server's plan prints it; the text where there is no plan.
        text: as it was written, for messages.
        hidden: clauses that a plan does not print, as they are written.
        refused: why the query has no plan; empty if it has, or the server was not asked yet.
    """

    canonical: str
    text: str = field(compare=False)
    hidden: tuple[str, ...] = ()
    refused: str = field(default="", compare=False)

    @classmethod
    def written(cls, sql: str) -> Query:
        """A query that the server has not planned yet."""
        return cls(_on_one_line(sql), sql)

    def __str__(self) -> str:
        return _on_one_line(self.text)


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of a view: its name and type."""

    name: str
    type: TypeName

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Includes:
    """An expected value: all of these parts, and possibly more."""

    parts: tuple[Any, ...]

    def accepts(self, observed: object) -> bool:
        """Whether every part is among the observed ones."""
        return isinstance(observed, tuple) and set(self.parts) <= set(observed)

    def __str__(self) -> str:
        return show(self.parts)


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """One column of an index: what is indexed, and in which order."""

    value: str | Expression
    descending: bool = False
    nulls_first: bool = False
    operator_class: str | None = None
    collation: str | None = None

    def __str__(self) -> str:
        words = [f"({self.value})" if isinstance(self.value, Expression) else self.value]
        words += [f'COLLATE "{self.collation}"'] if self.collation else []
        words += [self.operator_class] if self.operator_class else []
        words += ["DESC"] if self.descending else []
        if self.nulls_first is not self.descending:
            words.append(f"NULLS {'FIRST' if self.nulls_first else 'LAST'}")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """An expected version: this one or a later one."""

    version: str

    def accepts(self, observed: object) -> bool:
        """Whether an observed version such as `2.23.0-dev` is new enough."""
        return isinstance(observed, str) and version_tuple(observed) >= _significant(
            version_tuple(self.version)
        )

    def __str__(self) -> str:
        return f"{self.version} or later"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a table.

    Attributes:
        role: the name of the owner.
        usual: the owner of most tables in scope.
    """

    role: str
    usual: str

    def __str__(self) -> str:
        return self.role if self.role == self.usual else f"{self.role} (of most: {self.usual})"


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """An expected owner: this role; None: the role that owns most tables."""

    role: str | None = None

    def accepts(self, observed: object) -> bool:
        """Whether the table's owner is the expected one."""
        return isinstance(observed, Owner) and observed.role == (self.role or observed.usual)

    def __str__(self) -> str:
        return self.role or "one owner for all tables, views and types"


@dataclass(frozen=True, slots=True)
class OneOf:
    """An expected value: one of several; an empty tuple accepts any value."""

    values: tuple[Any, ...] = ()

    def accepts(self, observed: object) -> bool:
        """Whether the observed value is among them."""
        return not self.values or observed in self.values

    def __str__(self) -> str:
        return " or ".join(show(value) for value in self.values) or "anything"


#: The models do not declare a value.
ANYTHING = OneOf()


@dataclass(frozen=True, slots=True)
class Privileges:
    """The expected privileges of a role on an object.

    Attributes:
        parts: what the role must have, sorted.
        usual: what the role may have besides, because PostgreSQL or its version gives it.
    """

    parts: tuple[str, ...]
    usual: tuple[str, ...]

    def accepts(self, observed: object) -> bool:
        """Whether the role has what is declared, and nothing else but what is usual."""
        return isinstance(observed, tuple) and (
            {*self.parts} <= {*observed} <= {*self.parts, *self.usual}
        )

    def __str__(self) -> str:
        return show(self.parts)


@dataclass(frozen=True, slots=True)
class Given:
    """An expected value: any value but None.

    Attributes:
        what: the expected value in words: `a function`.
    """

    what: str

    def accepts(self, observed: object) -> bool:
        """Whether there is a value."""
        return observed is not None

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Unsaid:
    """An undeclared value for which TimescaleDB has more than one default.

    Attributes:
        value: the usual default.
        ways: which statement gives which default, in words.
        others: the other defaults; of these an interval that somebody chose is none.
    """

    value: Any
    ways: str
    others: tuple[Any, ...] = ()

    def accepts(self, observed: object) -> bool:
        """Whether the observed value is one of the defaults."""
        chosen = isinstance(observed, Interval) and observed.chosen
        return observed == self.value or (not chosen and observed in self.others)

    def __str__(self) -> str:
        return show(self.value)


Value = (
    str
    | int
    | bool
    | None
    | tuple[Any, ...]
    | Interval
    | Expression
    | TypeName
    | Query
    | OutputColumn
    | Includes
    | IndexColumn
    | AtLeast
    | Owner
    | OwnedBy
    | OneOf
    | Privileges
    | Given
    | Unsaid
)
Facts = MutableMapping[FactKey, Value]
#: Objects, or parts of them: kind, table, name, and the values of attributes.
Objects = Iterator[tuple[str, str, str, dict[str, Value]]]


def in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by kind of fact, in the order of `KINDS`; kinds with a count of 0 are left out."""
    return {kind: counts[kind] for kind in KINDS if counts.get(kind)}


def agrees(expected: Value, observed: Value) -> bool:
    """Whether the observed value is what the models expect."""
    if type(expected) is type(observed) and expected == observed:
        return True
    if isinstance(expected, AtLeast | OwnedBy | OneOf | Privileges | Includes | Given | Unsaid):
        return expected.accepts(observed)
    if isinstance(observed, Detail):
        return expected is True
    # True is not 1. Subclasses may be equal: SQLAlchemy's names are quoted_name, the catalog's str.
    return isinstance(expected, bool) is isinstance(observed, bool) and expected == observed


def show(value: Value) -> str:
    """The value as messages print it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"({', '.join(show(item) for item in value)})"
    return str(value)


def plain(value: Value) -> Any:
    """The value as JSON data: null, booleans, numbers, strings and lists."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Unsaid):
        return plain(value.value)
    if isinstance(value, Interval):
        return value.plain()
    if isinstance(value, Includes | Privileges):
        return plain(value.parts)
    return str(value)


def referred(references: object) -> tuple[str, list[str]]:
    """The table and the columns that a foreign key refers to, from `cities (code, land)`."""
    target, _, columns = str(references).rpartition(" (")
    return target, columns.removesuffix(")").split(", ")


def unbracketed(name: str) -> str:
    """`prices_at_idx` for `<prices_at_idx>`, the name of what the models do not name."""
    return name[1:-1] if name.startswith("<") and name.endswith(">") else name


def parts_of_signature(text: str) -> tuple[str, str]:
    """`total` and `(integer, text)`; no name is taken for arguments, whatever is in it."""
    match = _SIGNATURE.fullmatch(text)
    return (match[1], match[2]) if match is not None else (text, "")


def _on_one_line(sql: str) -> str:
    return " ".join(sql.split()).rstrip("; ")


def _significant(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Without zeros at the end: 2.17 is as late as 2.17.0."""
    while numbers and not numbers[-1]:
        numbers = numbers[:-1]
    return numbers
