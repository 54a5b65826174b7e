"""Canonical form of types and expressions, for both sides of a comparison: as EXPLAIN prints them.

EXPLAIN (VERBOSE) prints an expression after PostgreSQL has parsed it, resolved its operators and
folded its constants. The expression does not run, and no table is touched: a subquery provides its
columns as NULLs of their types. (OFFSET 0 keeps the planner from folding these NULLs.) Two
expressions that PostgreSQL prints alike mean the same.

Source: PostgreSQL documentation, "EXPLAIN", VERBOSE: "Output" lists the expressions of a node.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from conformance.comparing.fact_table import FactTable
from conformance.comparing.facts import (
    DERIVED,
    Expression,
    FactKey,
    Facts,
    Includes,
    IndexColumn,
    OutputColumn,
    Query,
    TypeName,
    Value,
)
from conformance.comparing.reading import renamed_outputs, with_relation_read
from conformance.comparing.terms import normal, without_zeros
from conformance.comparing.tokens import quoted, tokens_of
from conformance.observed.clauses import collations
from conformance.observed.executables import executables
from conformance.observed.explaining import ask_in_halves, first_line, is_denied, plan_of
from conformance.observed.queries import spelled_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from conformance.comparing.fact_table import ObjectKey
    from conformance.observed.executables import Executables
    from conformance.observed.queries import Columns

_ALIAS = "conformance_scope"
#: The alias is quoted if quote_all_identifiers is on.
_QUALIFIER = re.compile(rf'"?\b{_ALIAS}(?:_\d+)?\b"?\.')
#: The variables of a trigger's condition.
_ROW_VARIABLES = ("old", "new")
#: Before the type; of a domain with a condition, `(NULL::text)::`.
_CAST_NULL = re.compile(r"^(?:\(NULL::(?:[^()]|\(\d[\d,]*\))*\)|NULL)::")
#: A default, as text.
_NULL = "NULL::text"
_NUMBER = re.compile(r"'(-?\d+(?:\.\d+)?)'::text")
_WORD = re.compile(r"[\w$]+")
#: Microseconds, which is all the precision that there is.
_ALL_DIGITS = re.compile(r"\b(timestamp|time|interval)\(6\)")
#: A target list has at most 1664 entries (MaxTupleAttributeNumber).
_MOST_TYPES = 1600
#: A row has as many at most, and a separator for each expression.
_MOST_EXPRESSIONS = 800
#: Class of a value -> its attribute that contains types or expressions.
_PARTS: dict[type, str] = {IndexColumn: "value", OutputColumn: "type", Includes: "parts"}
_STRINGS = frozenset({str})
_SPOKEN = frozenset({TypeName, Expression, Query, Includes, tuple})


def canonical(connection: Connection, expected: Facts, observed: Facts) -> tuple[Facts, Facts]:
    """The facts of both sides with every type, expression and query in canonical form.

    Tables of facts are changed in place: a copy of each would take a tenth of the memory.

    The expressions of both sides use the declared types of the columns. A column of another type is
    therefore one difference, and not one more for each expression with the column. An expression
    that the server refuses (because it lacks a function or a type) keeps its text, and so does one
    that the role may not ask about, or that a superuser must not plan.
    """
    expected, observed = FactTable.of(expected), FactTable.of(observed)
    # Most facts contain none of these; only the others are processed.
    declared, found = _spoken(expected), _spoken(observed)
    scope = _Scope(_column_types(found) | _column_types(declared))
    names, asked, identities = _asked(scope, (*declared, *found))
    # One object for each type: most columns have one of a few types.
    types = {text: TypeName(text.lower(), text) for text in names}
    types |= {text: TypeName(name, text) for text, name in _canonical_types(connection, names)}
    forbidden = executables(connection)
    refused = {identity: _refused(identity, forbidden) for identity in identities}
    spelled, denied = _canonical_expressions(
        connection, {identity for identity in identities if not refused[identity]}
    )
    refused |= denied
    relations = _relations(scope, declared, found)
    queries = spelled_queries(connection, asked, relations, forbidden)
    renamed: dict[str, str] = {}
    while more := _under_other_names(declared, found, relations, queries, renamed):
        renamed |= more
        relations |= {new: relations[old] for old, new in more.items()}
        again = {query for query in asked if queries[query].refused}
        queries |= spelled_queries(connection, again, relations, forbidden)
    if columns := _with_other_columns(declared, found, relations, queries):
        # The plan of what reads them lists all columns.
        relations |= columns
        queries = spelled_queries(connection, asked, relations, forbidden)
    answers = _Answers(scope, spelled, refused, queries)

    def respell(spoken: _Spoken, value: Any) -> Any:
        if isinstance(value, TypeName):
            return types[value.text]
        if isinstance(value, Expression):
            return answers.expression(spoken, value)
        if isinstance(value, Query):
            return queries[value.text]
        part = _PARTS.get(type(value))
        if part is not None:
            return replace(value, **{part: respell(spoken, getattr(value, part))})
        if isinstance(value, tuple):
            return tuple(respell(spoken, item) for item in value)
        return value

    for spoken in (*declared, *found):
        spoken.attributes[spoken.attribute] = respell(spoken, spoken.value)
    return expected, observed


class Formula(NamedTuple):
    """What an index has beside columns.

    Attributes:
        columns: names and types of the columns that it may use.
        expressions: its expressions, with commas between them; None if it has none.
        predicate: its WHERE; None if it has none.
    """

    columns: tuple[tuple[str, str], ...]
    expressions: str | None
    predicate: str | None


def canonical_formulas(
    connection: Connection, formulas: Iterable[Formula]
) -> dict[Formula, tuple[str, str]]:
    """The formulas as PostgreSQL plans them; those that it must not or does not plan are left out.

    A chunk's index has the predicate as planned, with constants folded and terms factored out. That
    is done to a WHERE, and not to an expression that is selected.
    """
    asked = sorted({*formulas}, key=repr)
    if not asked:
        return {}
    forbidden = executables(connection)
    allowed = [
        formula
        for formula in asked
        if not forbidden.reason_against(
            f"{formula.expressions or ''} {formula.predicate or ''}",
            {name for name, _ in formula.columns},
        )
    ]
    answers, _ = ask_in_halves(connection, allowed, lambda some: _planned(connection, some))
    return dict(answers)


def _planned(connection: Connection, formulas: Sequence[Formula]) -> list[tuple[str, str]]:
    # A second branch makes it an Append whatever their number is.
    plan = plan_of(connection, " UNION ALL ".join([*map(_branch, formulas), "SELECT 'last'"]))
    return [
        (_plain(", ".join(part["Output"])), _plain(part.get("Filter", "")))
        for part in plan["Plans"][: len(formulas)]
    ]


def _plain(printed: str) -> str:
    return normal(_QUALIFIER.sub("", printed))


def _branch(formula: Formula) -> str:
    selected = f"ROW({formula.expressions or ''})::text"
    where = f" WHERE {formula.predicate}" if formula.predicate else ""
    return f"SELECT {selected} FROM {_nulls(formula.columns)}{where}"


def _nulls(columns: Iterable[tuple[str, str]]) -> str:
    """A subquery that provides the columns."""
    nulls = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in columns)
    return f"(SELECT {nulls} OFFSET 0) {_ALIAS}"


class _Spoken(NamedTuple):
    """A fact whose value contains a type, an expression or a query."""

    parts: ObjectKey
    attributes: dict[str, Value]
    attribute: str

    @property
    def key(self) -> FactKey:
        return FactKey(*self.parts, self.attribute)

    @property
    def value(self) -> Any:
        return self.attributes[self.attribute]


def _spoken(facts: FactTable) -> list[_Spoken]:
    return [
        _Spoken(parts, attributes, attribute)
        for parts, attributes in facts.objects.items()
        for attribute, value in attributes.items()
        if type(value) in _SPOKEN
        and not (type(value) is tuple and _STRINGS.issuperset(map(type, value)))
    ]


def _asked(scope: _Scope, spoken: Iterable[_Spoken]) -> tuple[set[str], set[str], set[_Identity]]:
    """The texts of all types and queries, and what the expressions are."""
    names: set[str] = set()
    asked: set[str] = set()
    identities: set[_Identity] = set()
    for fact in spoken:
        for part in _of(fact.value):
            if isinstance(part, TypeName):
                names.add(part.text)
            elif isinstance(part, Query):
                asked.add(part.text)
            elif (query := _with_subquery(fact.key, part.text)) is not None:
                asked.add(query)
            else:
                identities.add(scope.identity(fact.key, part.text))
    return names, asked, identities


class _Answers(NamedTuple):
    """What PostgreSQL prints of every expression and query, and which it was not asked about."""

    scope: _Scope
    spelled: dict[_Identity, str]
    refused: dict[_Identity, str]
    queries: dict[str, Query]

    def expression(self, spoken: _Spoken, value: Expression) -> Expression | None:
        """The expression in canonical form; None of a default that PostgreSQL does not store."""
        query = _with_subquery(spoken.key, value.text)
        if query is not None:
            planned = self.queries[query]
            canonical = " ".join([planned.canonical, *planned.hidden])
            return Expression(canonical, value.text, planned.refused)
        identity = self.scope.identity(spoken.key, value.text)
        canonical = self.spelled.get(identity, value.text)
        is_of_domain = (identity[2] or "", "value") in self.scope.types
        if canonical == _NULL and spoken.attribute == "default" and not is_of_domain:
            return None
        canonical = " ".join([canonical, *collations(value.text)])
        return Expression(canonical, value.text, self.refused[identity])


def _with_subquery(key: FactKey, text: str) -> str | None:
    """A query of the expression, which contains another one: only a plan shows that one."""
    if "select" not in text.lower() or all(word.lower() != "select" for _, word in tokens_of(text)):
        return None
    return f"SELECT ({text}) AS value FROM {'.'.join(map(quoted, key.table.split('.', 1)))}"


def _column_types(found: list[_Spoken]) -> dict[tuple[str, str], str]:
    # The conditions of a domain use VALUE like a column.
    return {
        (table, name or "value"): value.text
        for (kind, table, name), attributes, attribute in found
        if kind in ("column", "domain") and isinstance(value := attributes[attribute], TypeName)
    }


def _relations(scope: _Scope, declared: list[_Spoken], found: list[_Spoken]) -> dict[str, Columns]:
    """The columns of every relation: of tables as declared, of views as the server has them."""
    relations: dict[str, Columns] = dict(scope.columns)
    for (kind, table, _), attributes, attribute in (*declared, *found):
        if attribute == "columns" and kind in DERIVED:
            value = attributes[attribute]
            parts = value.parts if isinstance(value, Includes) else value
            assert isinstance(parts, tuple)
            relations[table] = [(column.name, column.type.text) for column in parts]
    return relations


def _views(spoken: list[_Spoken], queries: Mapping[str, Query]) -> Iterator[tuple[str, str, Query]]:
    """Name, kind and query of each view whose query has a plan."""
    for (kind, table, _), attributes, attribute in spoken:
        value = attributes[attribute]
        if attribute == "definition" and kind in DERIVED and isinstance(value, Query):
            query = queries[value.text]
            if not query.refused:
                yield table, kind, query


def _under_other_names(
    declared: list[_Spoken],
    found: list[_Spoken],
    relations: Mapping[str, Columns],
    queries: Mapping[str, Query],
    renamed: Mapping[str, str],
) -> dict[str, str]:
    """Declared views of unknown columns: the view of the same query -> the declared name.

    Args:
        renamed: those that are known already.
    """
    unknown = [view for view in _views(declared, queries) if view[0] not in relations]
    by_query: dict[tuple[str, Query], str] = {}
    for table, kind, query in _views(found, queries) if unknown else ():
        read = query
        for old, new in renamed.items():
            read = with_relation_read(read, old, new)
        by_query[kind, read] = table
    return {
        by_query[kind, query]: table
        for table, kind, query in unknown
        if by_query.get((kind, query)) in relations
    }


def _with_other_columns(
    declared: list[_Spoken],
    found: list[_Spoken],
    relations: Mapping[str, Columns],
    queries: Mapping[str, Query],
) -> dict[str, Columns]:
    """The columns of views under both names, where the queries differ in these alone."""
    there = {table: query for table, _, query in _views(found, queries)}
    more: dict[str, Columns] = {}
    for table, _, query in _views(declared, queries):
        if table in there and there[table] != query:
            names = renamed_outputs(there[table], query)
            kinds = dict(relations[table])
            added = [(new, kinds[old]) for old, new in names.items() if old in kinds]
            if added:
                more[table] = [*relations[table], *added]
    return more


def _of(value: Value) -> Iterator[TypeName | Expression | Query]:
    """Every type, expression and query in the value."""
    if isinstance(value, TypeName | Expression | Query):
        yield value
    elif type(value) in _PARTS:
        yield from _of(getattr(value, _PARTS[type(value)]))
    elif isinstance(value, tuple):
        for item in value:
            yield from _of(item)


#: All that the canonical form of an expression depends on: its text, the names and types of the
#: columns in it, and the type that its value is cast to (for the default of a column).
_Identity = tuple[str, tuple[tuple[str, str], ...], str | None]


class _Scope:
    """The columns that an expression may name.

    Args:
        types: of every column of every table, by (table, column).
    """

    def __init__(self, types: dict[tuple[str, str], str]) -> None:
        self.types = types
        self.columns: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for (table, column), kind in types.items():
            self.columns[table].append((column, kind))
        self._identities: dict[tuple[str, str | None, str], _Identity] = {}

    def identity(self, key: FactKey, text: str) -> _Identity:
        """All that the canonical form of an expression of this fact depends on."""
        of_value = key.kind == "column" or (key.kind, key.attribute) == ("domain", "default")
        cast = self.types[key.table, key.name or "value"] if of_value else None
        columns = self.columns[key.table]
        if key.kind == "trigger":
            text, columns = _of_row_variables(text, columns)
        asked = key.table, cast, text
        if asked not in self._identities:
            text = _unqualified(text, key.table, columns)
            text_of_domain = text.lower() if key.kind == "domain" else text
            # As quotes have it.
            written = text_of_domain.replace('""', '"')
            # What has no quotes may be written in capitals.
            words = {*_WORD.findall(written), *_WORD.findall(written.lower())}
            named = sorted(column for column in columns if _is_in(column[0], written, words))
            self._identities[asked] = text, tuple(named), cast
        return self._identities[asked]


def _is_in(column: str, text: str, words: set[str]) -> bool:
    """Whether the text may have the column: as a word, or anywhere if it is not one word."""
    return column in words or (column in text and not _WORD.fullmatch(column))


def _of_row_variables(
    text: str, columns: list[tuple[str, str]]
) -> tuple[str, list[tuple[str, str]]]:
    """A trigger's condition in which OLD.price, NEW.price and NEW.* are the names of columns.

    PostgreSQL prints `new.*` for NEW alone, too.
    """
    named = (*columns, ("*", "record"))
    both = [(f"{row}.{name}", kind) for row in _ROW_VARIABLES for name, kind in named]
    words, tokens = [], [*tokens_of(text), (None, ""), (None, "")]
    place = 0
    while place < len(tokens):
        name, written = tokens[place]
        if name in _ROW_VARIABLES and (not place or tokens[place - 1][1] != "."):
            (_, dot), (column, sign) = tokens[place + 1 : place + 3]
            place += 2 * (dot == ".")
            written = quoted(f"{name}.{column or sign}" if dot == "." else f"{name}.*")
        words.append(written)
        place += 1
    return "".join(words), both


def _unqualified(text: str, table: str, columns: list[tuple[str, str]]) -> str:
    """Without the table's own name in front of its columns: `depth` for `public.sites.depth`."""
    name = table.rpartition(".")[2]
    written = text.lower()
    # In a subquery the name may tell two columns apart.
    if name.lower() not in written or "." not in text or "select" in written:
        return text
    names, tokens = {column for column, _ in columns}, list(tokens_of(text))
    for place in range(len(tokens) - 3, -1, -1):
        owner, sign, column = tokens[place : place + 3]
        if owner[0] == name and sign[1] == "." and column[0] in names:
            of_schema = place > 1 and tokens[place - 1][1] == "."
            del tokens[place - 2 * of_schema : place + 2]
    return "".join(written for _, written in tokens)


def _canonical_types(connection: Connection, names: set[str]) -> Iterator[tuple[str, str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), _MOST_TYPES):
        yield from _types(connection, ordered[start : start + _MOST_TYPES])


def _types(connection: Connection, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    def explain(some: Sequence[str]) -> list[str]:
        targets = ", ".join(f"NULL::{name}" for name in some)
        return list(plan_of(connection, f"SELECT {targets}")["Output"])

    answers, _ = ask_in_halves(connection, names, explain)
    return ((name, _ALL_DIGITS.sub(r"\1", _CAST_NULL.sub("", output))) for name, output in answers)


def _refused(identity: _Identity, forbidden: Executables) -> str:
    """Why the expression must not be planned."""
    sql, columns, cast = identity
    return forbidden.reason_against(f"{sql} {cast or ''}", {name for name, _ in columns})


def _canonical_expressions(
    connection: Connection, identities: set[_Identity]
) -> tuple[dict[_Identity, str], dict[_Identity, str]]:
    """What PostgreSQL prints of each, and why this role may not ask about some."""
    # Expressions with the same columns share a subquery, which takes longer than an expression.
    ordered = sorted(identities, key=lambda identity: (identity[1], repr(identity)))
    answers, errors = ask_in_halves(connection, ordered, lambda some: _explained(connection, some))
    answers = [(identity, _of_its_type(printed, identity[2])) for identity, printed in answers]
    denied = {
        identity: f"{first_line(error)}, so only the texts are compared, and they differ. Grant the"
        " role that, or audit as another role"
        for identity, error in errors
        if is_denied(error)
    }
    return dict(answers), denied


def _of_its_type(printed: str, kind: str | None) -> str:
    """What PostgreSQL prints of a value of the type; the zeros of a numeric have no meaning."""
    number = _NUMBER.fullmatch(printed)
    if number is None or kind is None or not kind.lower().startswith(("numeric", "decimal")):
        return printed
    return f"'{without_zeros(number[1])}'::text"


def _explained(connection: Connection, identities: Sequence[_Identity]) -> list[str]:
    """What PostgreSQL prints of each."""
    scopes = [
        list(some)
        for _, group in groupby(identities, itemgetter(1))
        for some in _batches(group, _MOST_EXPRESSIONS)
    ]
    # A column, since PostgreSQL makes a constant of a row of constants.
    separator = f"separator_{uuid4().hex}"
    targets = ", ".join(_scoped(some, separator) for some in scopes)
    plan = plan_of(connection, f"SELECT ARRAY[{targets}]")
    rows = (_QUALIFIER.sub("", part["Output"][0]) for part in plan["Plans"])
    # What is before the first separator and after the last one is of the row.
    return [
        normal(one.removesuffix(", "))
        for row in rows
        for one in re.split(f'"?{separator}"?(?:, )?', row)[1:-1]
    ]


def _batches(items: Iterable[_Identity], size: int) -> Iterator[list[_Identity]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _scoped(identities: list[_Identity], separator: str) -> str:
    """A subquery with a row of expressions, which have the same columns, between separators."""
    columns = (*identities[0][1], (separator, "text"))
    values = [
        f"(({text})::{cast})::text" if cast else f"(({text}))::text" for text, _, cast in identities
    ]
    row = f", {separator}, ".join(values)
    return f"(SELECT ROW({separator}, {row}, {separator})::text FROM {_nulls(columns)})"
