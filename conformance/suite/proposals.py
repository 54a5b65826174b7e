"""What autogenerate proposes, in words, and which proposals are Alembic's own mistake. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import DefaultClause, ForeignKeyConstraint, UniqueConstraint

from conformance.comparing.codes import ERROR, WARNING
from conformance.comparing.enumerating import first_of
from conformance.comparing.facts import EXISTS, FactKey
from conformance.comparing.findings import migration_finding
from conformance.declarations import tables_of, views_of
from conformance.declarations.base import created
from conformance.expected.constraints import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Constraint, Index, MetaData

    from conformance.comparing.comparison import Comparison
    from conformance.comparing.findings import Finding

#: Kinds of facts that Alembic proposes to add or remove with a name and a table.
_OF_TABLES = ("index", "unique", "foreign_key", "check", "exclusion")
#: Constraints that Alembic compares also if the models do not name them.
_WITHOUT_A_NAME = (ForeignKeyConstraint, UniqueConstraint)
#: So many partitions are named.
_NAMED = 4
#: What Alembic proposes to modify -> the attributes of a column that it means.
_ATTRIBUTES = {"default": ("default", "identity", "generated")}


def proposals(
    of_env: list[Any], of_all: list[Any], metadata: MetaData, comparison: Comparison
) -> list[Finding]:
    """The findings that autogenerate's proposals show.

    A proposal that follows from a finding about a fact is that finding again. The other proposals
    are one finding together.

    Args:
        of_env: the changes, if it compares what env.py lets it compare.
        of_all: the changes, if it compares all that the models declare. If each of these follows
            from another finding, what is left of `of_env` is a warning about env.py.
    """
    causes, env_alone = _explained(_possible(of_env, metadata), comparison)
    more, all_alone = _explained(_possible(of_all, metadata), comparison)
    found = [*(causes | more).values()]
    if env_alone or all_alone:
        hidden = [diff for diff in all_alone if _is_hidden(diff, comparison)]
        seen = [diff for diff in all_alone if diff not in hidden]
        found.append(_unexplained(env_alone or hidden, seen, metadata, comparison, hidden))
    return found


def _is_hidden(diff: tuple[Any, ...], comparison: Comparison) -> bool:
    """Whether a table is proposed that is there, because a function of env.py leaves it out."""
    return (
        diff[0] == "add_table"
        and FactKey("table", diff[1].fullname, "", EXISTS) in comparison.conforming
    )


def _unexplained(
    of_env: list[Any],
    of_all: list[Any],
    metadata: MetaData,
    comparison: Comparison,
    hidden: list[Any],
) -> Finding:
    diffs = of_all or of_env
    false = [f"{diff[2]}.{diff[3]}" for diff in diffs if _is_same_default(diff, comparison)]
    whose = "changes"
    hint = "Read from 'alembic check' on a freshly migrated database."
    if false:
        hint += (
            f" To PostgreSQL both defaults of {', '.join(false)} are the same. Alembic evaluates"
            " both and compares the values, such as two readings of a clock: the difference is"
            " Alembic's, not the schema's. Pass a function as compare_server_default to"
            " context.configure() in env.py that returns False for such columns."
        )
        if len(false) == len(diffs):
            whose = "changes by a mistake of its own"
    if not of_all:
        whose = "changes, because env.py does not compare all that the models declare"
    proposed = describe_proposals(diffs)
    return migration_finding(
        "alembic_check",
        f"migration: alembic check proposes {whose}: {'; '.join(proposed)}",
        hint
        + _hint_at_env(describe_proposals(of_env), metadata, describe_proposals(hidden))
        + _hint_at_partitions(describe_proposals(of_env), metadata, comparison),
        proposed,
        severity=ERROR if of_all else WARNING,
    )


def _hint_at_env(proposed: list[str], metadata: MetaData, hidden: list[str]) -> str:
    """What env.py has to pass to Alembic; empty, if the proposals do not show that it lacks it."""
    hint = ""
    if hidden:
        names = [phrase.removeprefix("add_table ") for phrase in hidden]
        hint += (
            f" A function of env.py leaves out {first_of(names, _NAMED)}, which the models declare"
            " and the database has: let include_name and include_object return True for it."
        )
        proposed = [phrase for phrase in proposed if phrase not in hidden]
    if any("_timescaledb_" in phrase for phrase in proposed):
        hint += (
            " Autogenerate must not compare TimescaleDB's own schemas: pass include_name of"
            " conformance to context.configure() in env.py."
        )
    elsewhere = {table.fullname for table in tables_of(metadata) if table.schema}
    if elsewhere & {phrase.removeprefix("add_table ") for phrase in proposed}:
        hint += (
            " The tables are there, but autogenerate compares the default schema alone: pass"
            " include_schemas=True, and include_name of conformance, to context.configure() in"
            " env.py."
        )
    if elsewhere & {phrase.removeprefix("remove_table ") for phrase in proposed}:
        hint += (
            " Autogenerate does not apply schema_translate_map: pass target_metadata with the"
            " schemas that the tables have in the database to context.configure() in env.py."
        )
    views = {table.fullname for table in views_of(metadata)}
    if views & {phrase.removeprefix("add_table ") for phrase in proposed}:
        hint += (
            " A class that reads from a view has no table: pass include_object of conformance"
            " to context.configure() in env.py."
        )
    return hint


def _hint_at_partitions(proposed: list[str], metadata: MetaData, comparison: Comparison) -> str:
    """What env.py does about partitions, which Alembic takes for tables; no fact is about them."""
    partitioned = any(
        table.dialect_options["postgresql"].get("partition_by") for table in tables_of(metadata)
    )
    known = {key.table for side in comparison.sides for key in side if key.kind == "table"}
    removed = {phrase.removeprefix("remove_table ") for phrase in proposed} - {*proposed}
    unknown = sorted(name for name in removed - known if not name.startswith("_timescaledb_"))
    if not partitioned or not unknown:
        return ""
    return (
        f" If {first_of(unknown, _NAMED)} are partitions: Alembic takes them for tables. Let an"
        " include_name of env.py return False for their names."
    )


def describe_proposals(diffs: Iterable[Any]) -> list[str]:
    """A phrase for each change, `add_index ix_t_a on t`.

    Args:
        diffs: what autogenerate proposes, as Alembic describes it; lists are changes of one column.
    """
    return [_describe(diff) for diff in _each(diffs)]


def _explained(
    diffs: Iterable[tuple[Any, ...]], comparison: Comparison
) -> tuple[dict[str, Finding], list[tuple[Any, ...]]]:
    """The findings from which proposals follow, by id; and the proposals that follow from none."""
    known: dict[tuple[str, str], dict[FactKey, Finding]] = defaultdict(dict)
    for key, finding in {**comparison.consequences, **comparison.findings}.items():
        known[key.table, key.name][key] = finding
    causes: dict[str, Finding] = {}
    alone = []
    for diff in diffs:
        table, name = _proposed(diff)
        of_it = known.get((table, name), {})
        # What is proposed for a table that is not on both sides follows from the table.
        whole = comparison.findings.get(FactKey("table", table, "", EXISTS))
        cause = next((of_it[key] for key in of_it if _is_about(diff, key)), whole)
        if cause is None:
            alone.append(diff)
        else:
            causes[cause.id] = cause
    return causes, alone


def _possible(diffs: Iterable[Any], metadata: MetaData) -> list[tuple[Any, ...]]:
    """The changes without what `ddl_if()` leaves to other databases: Alembic proposes it, too."""
    elsewhere = set()
    for table in tables_of(metadata):
        items: list[Constraint | Index] = [*table.constraints, *table.indexes]
        elsewhere |= {(table.fullname, item.name) for item in {*items} - {*created(items)}}
    return [diff for diff in _each(diffs) if _proposed(diff) not in elsewhere]


def _proposed(diff: tuple[Any, ...]) -> tuple[str, str]:
    """The table and the name of what a proposal changes, as in the key of a fact."""
    operation = str(diff[0])
    change = operation.partition("_")[2]
    if operation.startswith("modify_") or change == "column":
        name = diff[3].name if change == "column" else diff[3]
        return ".".join(filter(None, diff[1:3])), name
    if change in ("table", "table_comment"):
        return diff[1].fullname, ""
    item, table = diff[1], getattr(diff[1], "table", None)
    if table is not None and isinstance(item, _WITHOUT_A_NAME):
        return table.fullname, name_of(table, item)
    return getattr(table, "fullname", ""), getattr(item, "name", "")


def _is_about(diff: tuple[Any, ...], key: FactKey) -> bool:
    """Whether the proposal is about what this fact of its object says, not about another fact."""
    operation = str(diff[0])
    change = operation.partition("_")[2]
    if change in ("comment", "table_comment"):
        return key.kind == "comment"
    if change in ("table", "column"):
        return (key.kind, key.attribute) == (change, EXISTS)
    if operation.startswith("modify_"):
        return key.kind == "column" and key.attribute in _ATTRIBUTES.get(change, (change,))
    return key.kind in _OF_TABLES


def _each(diffs: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for diff in diffs:
        if isinstance(diff, list):
            yield from diff
        else:
            yield diff


def _describe(diff: tuple[Any, ...]) -> str:
    operation = str(diff[0])
    if operation.startswith("modify_"):
        _, schema, table, column, _, before, after = diff
        place = ".".join(filter(None, (schema, table, column)))
        return f"{operation} of {place}: {_text(before)} in the database, {_text(after)} declared"
    if operation.endswith("_column"):
        _, schema, table, column = diff
        return f"{operation} {'.'.join(filter(None, (schema, table, column.name)))}"
    item = diff[1]
    if isinstance(item, str):
        # An operation of a library, such as alembic_utils, that names what it is about.
        return f"{operation} {item}"
    name = getattr(item, "fullname", None) or getattr(item, "name", None) or type(item).__name__
    table = getattr(item, "table", None)
    return f"{operation} {name}" + (f" on {table.fullname}" if table is not None else "")


def _is_same_default(diff: tuple[Any, ...], comparison: Comparison) -> bool:
    """Whether Alembic proposes to change a default that the catalog and the models agree on.

    Source: Alembic's documentation, "Compare server default": on PostgreSQL both expressions are
    evaluated and their values are compared.
    """
    return (
        diff[0] == "modify_default"
        and all(isinstance(side, DefaultClause) for side in diff[5:7])
        and FactKey("column", *_proposed(diff), "default") in comparison.conforming
    )


def _text(value: Any) -> str:
    """A default, a type or a comment as text, without the address of a Python object."""
    value = getattr(value, "arg", value)
    return str(getattr(value, "text", value))
