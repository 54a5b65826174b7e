"""Canonical form of whole queries, for both sides of a comparison: PostgreSQL's plan.

As with expressions, EXPLAIN (VERBOSE) plans a query without running it. No table is touched either:
a WITH in front of the query replaces every relation by a row of NULLs of its columns' types. The
plan then depends only on the query and on these types, not on rows, chunks, indexes or statistics.

Source: PostgreSQL documentation, "WITH Queries": a name in WITH hides a table of the same name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import Query
from conformance.comparing.terms import normal
from conformance.comparing.tokens import quoted, tokens_of
from conformance.observed.clauses import hidden_clauses
from conformance.observed.explaining import ask_in_halves, first_line, plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    #: The names and types of columns.
    Columns = Sequence[tuple[str, str]]
    #: (schema, name) of a relation -> its columns.
    Relations = Mapping[tuple[str, str], Columns]

    from conformance.comparing.tokens import Token
    from conformance.observed.executables import Executables

#: The name of the query itself, so that the plan names its columns.
_QUERY = "conformance_query"
#: The alias of a later query of UNION, INTERSECT or EXCEPT, perhaps with a number of the statement.
_OF_UNION = re.compile(r"\*SELECT\* (?!1(?:_\d+)?$)\d+(?:_\d+)?")
#: The parts of a plan that PostgreSQL numbers across a whole statement.
_NUMBERED = re.compile(r"\b(InitPlan|SubPlan|CTE subplan) (\d+)|\$(\d+)")


def spelled_queries(
    connection: Connection,
    queries: set[str],
    columns: Mapping[str, Columns],
    forbidden: Executables,
) -> dict[str, Query]:
    """Text of a query -> the query in canonical form, or with the reason why there is none.

    Args:
        queries: the texts of the queries.
        columns: the columns of every known relation, by its name in facts.
        forbidden: what a superuser must not plan.
    """
    found = {
        query: _refused(query, reason)
        for query in queries
        if (reason := forbidden.reason_against(query))
    }
    queries = queries - found.keys()
    if not queries:
        return found
    schemas = connection.exec_driver_sql("SELECT pg_catalog.current_schemas(false)").scalar_one()
    path = [schema for schema in schemas if schema != "pg_catalog"]
    relations = {
        (schema or path[0], name): listed
        for full, listed in columns.items()
        for schema, _, name in [full.rpartition(".")]
    }
    asked = [_scoped(query, relations, path) for query in sorted(queries)]
    found |= {
        item.query: _unplannable(item.query, f"the query names two tables {item.ambiguous}")
        for item in asked
        if item.ambiguous
    }

    def explain(some: Sequence[_Scoped]) -> list[Any]:
        targets = ", ".join(f"({item.sql})" for item in some)
        return list(plan_of(connection, f"SELECT ARRAY[{targets}]")["Plans"])

    plans, refused = ask_in_halves(
        connection, [item for item in asked if not item.ambiguous], explain
    )
    found |= {item.query: _unplannable(item.query, first_line(error)) for item, error in refused}
    for item, plan in plans:
        plain, spelled = hidden_clauses(item.query)
        canonical = _described_plan(plan, item.relations, plain)
        found[item.query] = Query(canonical, item.query, hidden=spelled)
    return found


def _unplannable(query: str, reason: str) -> Query:
    return _refused(query, f"PostgreSQL cannot plan this query without its tables: {reason}")


def _refused(query: str, reason: str) -> Query:
    return replace(Query.written(query), refused=reason)


@dataclass
class _Scoped:
    """A query in which rows of NULLs replace the relations.

    Attributes:
        query: the query as it was written.
        sql: the query to plan.
        relations: name in the plan -> qualified name of the relation.
        ambiguous: the name of two relations of different schemas; then the query cannot be planned.
    """

    query: str
    sql: str = ""
    relations: dict[str, str] = field(default_factory=dict)
    ambiguous: str = ""


def _scoped(query: str, relations: Relations, search_path: Sequence[str]) -> _Scoped:
    """Replace every known relation of the query by a row of NULLs."""
    made = _Scoped(query)
    used: dict[str, tuple[str, str]] = {}
    words: list[str] = []
    tokens = list(tokens_of(query.rstrip().rstrip(";")))
    place = 0
    while place < len(tokens):
        found, length = _relation(tokens, place, relations, search_path)
        if found is None:
            words.append(tokens[place][1])
        else:
            if used.setdefault(found[1], found) != found:
                made.ambiguous = found[1]
            words.append(quoted(found[1]) if length > 1 else tokens[place][1])
        place += length
    scopes = [_scope(name, relations[found]) for name, found in used.items()]
    scopes.append(f"{_QUERY} AS MATERIALIZED ({''.join(words)}\n)")
    made.sql = f"WITH {', '.join(scopes)} SELECT ROW({_QUERY}.*)::text FROM {_QUERY}"
    made.relations = {name: f"{schema}.{name}" for name, (schema, _) in used.items()}
    return made


def _relation(
    tokens: Sequence[Token],
    place: int,
    relations: Relations,
    search_path: Sequence[str],
) -> tuple[tuple[str, str] | None, int]:
    """The relation that the tokens at this place name, and the number of its tokens."""
    name = tokens[place][0]
    if name is None or (place and tokens[place - 1][1] == "."):
        return None, 1
    if tokens[place + 1 : place + 2] == [(None, ".")]:
        qualified = name, (tokens[place + 2 : place + 3] or [(None, "")])[0][0] or ""
        if qualified in relations:
            return qualified, 3
    return next(((schema, name) for schema in search_path if (schema, name) in relations), None), 1


def _scope(name: str, columns: Sequence[tuple[str, str]]) -> str:
    listed = ", ".join(f"NULL::{kind} AS {quoted(column)}" for column, kind in columns)
    return f"{quoted(name)} AS MATERIALIZED (SELECT {listed} OFFSET 0)"


def _described_plan(plan: Any, relations: Mapping[str, str], clauses: Sequence[str]) -> str:
    """The plan as text, without the aliases and numbers, which depend on the spelling.

    Args:
        clauses: clauses of the query that the plan does not show.
    """
    aliases = {
        node["Alias"]: f"r{number}" for number, node in enumerate(_nodes(plan)) if "Alias" in node
    }
    described = _described(plan, aliases, relations)
    described.pop("Subplan Name", None)
    numbers: dict[str, str] = {}
    counted = count(1)

    def renumber(match: re.Match[str]) -> str:
        if match[0] not in numbers:
            numbers[match[0]] = f"{match[1] or '$'} {next(counted)}"
        return numbers[match[0]]

    return _NUMBERED.sub(renumber, json.dumps([list(clauses), described], sort_keys=True))


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for part in plan.get("Plans", ()):
        # The row of NULLs that replaces a relation does not belong to the query.
        if not _is_scope(part):
            yield from _nodes(part)


def _is_scope(plan: Any) -> bool:
    named = str(plan.get("Subplan Name", ""))
    return (
        named.startswith("CTE ")
        and named != f"CTE {_QUERY}"
        and plan["Node Type"] == "Result"
        and all(item.startswith("NULL::") for item in plan.get("Output", ()))
    )


def _described(plan: Any, aliases: Mapping[str, str], relations: Mapping[str, str]) -> Any:
    made: dict[str, Any] = {}
    for key, value in plan.items():
        if key == "Plans":
            made[key] = [
                _described(part, aliases, relations) for part in value if not _is_scope(part)
            ]
        elif key == "Alias":
            made[key] = aliases[value]
        elif key == "CTE Name":
            made[key] = relations.get(value, value)
        else:
            made[key] = _property(value, aliases)
    return made


def _property(value: Any, aliases: Mapping[str, str]) -> Any:
    """A property of a node, without aliases; grouping sets are lists of lists."""
    if isinstance(value, str):
        return _without_aliases(value, aliases)
    if isinstance(value, list):
        return [_property(item, aliases) for item in value]
    if isinstance(value, dict):
        return {key: _property(item, aliases) for key, item in value.items()}
    return value


def _without_aliases(text: str, aliases: Mapping[str, str]) -> str:
    """`f.at` -> `r2.at`."""
    tokens = list(tokens_of(text))
    words = [
        aliases.get(name or "", written) if tokens[n + 1 : n + 2] == [(None, ".")] else written
        for n, (name, written) in enumerate(tokens)
    ]
    # PostgreSQL names the columns of the later queries of a UNION after those of the first one.
    for n, (name, _) in enumerate(tokens[:-2]):
        if _OF_UNION.fullmatch(name or "") and tokens[n + 1][1] == ".":
            words[n + 2] = "column"
    # The order of terms must not depend on the aliases.
    return normal("".join(words))
