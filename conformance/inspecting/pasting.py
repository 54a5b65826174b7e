"""Code to paste into models: what they lack, with the class that each part belongs to. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import EXISTS, FactKey, unbracketed
from conformance.inspecting import sequences, subjects, views
from conformance.inspecting.against import Models, lacking
from conformance.inspecting.code import Call, comment, import_lines, imports_of, rendered
from conformance.inspecting.observed import Entry
from conformance.inspecting.options import OPTIONS, options_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.comparing.comparison import Comparison
    from conformance.inspecting.observed import Observed

#: The names of a metadata's conventions, by the constraint.
_CONVENTIONS = {
    "CheckConstraint": "ck",
    "ForeignKeyConstraint": "fk",
    "Index": "ix",
    "PrimaryKeyConstraint": "pk",
    "UniqueConstraint": "uq",
}


@dataclass(frozen=True)
class Classes:
    """The code that only sqlacodegen can make.

    Attributes:
        tables: the source of the class of each table that the models lack.
        columns: the attributes of columns that they lack or have otherwise, by table and name.
        imports: module -> names that this code may need.
        modules: modules that it may need.
        helper: code that stands before it.
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], str] = field(default_factory=dict)
    imports: Mapping[str, Sequence[str]] = field(default_factory=dict)
    modules: Sequence[str] = ()
    helper: str = ""


def source_of(
    observed: Observed,
    models: Models,
    comparison: Comparison,
    made: Classes,
    *,
    everything: bool = False,
) -> str:
    """The code to paste; empty where the models say everything.

    Args:
        everything: print also what the models say already.
    """
    wanted = lacking(comparison, observed)
    asked = {*observed.facts} if everything else wanted
    parts = [entry for entry in subjects.of_tables(observed) if entry.owner not in made.tables]
    apart = {*observed.derived} - models.views
    entries = [
        *(entry for entry in parts if entry.owner not in apart),
        *sequences.declarations(observed, models.reference),
        *subjects.of_database(observed),
        *views.declarations(observed, parts, models.views),
    ]
    printed = [_named(entry, models) for entry in entries if entry.covers & asked]
    options = _options(observed, wanted, made)
    names = _other_names(comparison)
    tables = _tables(printed, models, wanted, options, names)
    body = [*tables, *_columns(made, models, names), *_classes(made)]
    body += _of_metadata(printed, models, wanted)
    covered = {key for entry in printed for key in entry.covers}
    covered |= {FactKey("table", name, "", option) for name in options for option in OPTIONS}
    covered |= {FactKey("column", *column, EXISTS) for column in made.columns}
    covered |= {declared for key, declared in names.items() if key in covered}
    left = _left(comparison, covered, made)
    imports = _imports([entry.call for entry in printed], made, "\n".join(body), models.reference)
    return (
        "\n\n".join(filter(None, ["\n".join(imports), *body, left])) + "\n" if body or left else ""
    )


def _options(observed: Observed, wanted: set[FactKey], made: Classes) -> dict[str, dict[str, Any]]:
    """The options of each table that the models have otherwise."""
    names = {key.table for key in wanted if key.kind == "table" and key.attribute in OPTIONS}
    of_tables = {name: options_of(observed, name) for name in names if name not in made.tables}
    for options in of_tables.values():
        options.pop("schema", None)
    return {name: options for name, options in of_tables.items() if options}


def _named(entry: Entry, models: Models) -> Entry:
    """The entry with its whole name, where the metadata would make another one of it."""
    convention = models.conventions.get(_CONVENTIONS.get(entry.call.name, ""))
    if not isinstance(convention, str) or "%(constraint_name)s" not in convention:
        return entry
    name = Call("conv", (entry.call.kwargs["name"],), module="sqlalchemy.schema")
    return Entry(entry.owner, entry.call.extended(name=name), entry.covers)


def _tables(
    entries: Sequence[Entry],
    models: Models,
    wanted: set[FactKey],
    options: Mapping[str, Mapping[str, Any]],
    names: Mapping[FactKey, FactKey],
) -> Iterator[str]:
    """What belongs into `__table_args__`, a tuple a table.

    Args:
        names: objects of the database -> those that the models declare under another name.
    """
    of_tables: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.owner:
            of_tables[entry.owner].append(entry)
    for table in sorted({*of_tables, *options}):
        own = of_tables[table]
        lines = [
            comment(f"{_subject(table, models)}: add to __table_args__."),
            f"{_variable(table)} = (",
        ]
        for entry in own:
            if _replaces(entry, models, wanted):
                lines.append(
                    comment(f"Instead of what the class says in {entry.call.name}(...).", 1)
                )
            lines += [
                comment(f"Instead of {unbracketed(names[key].name)}.", 1)
                for key in entry.covers & names.keys()
            ]
            lines.append(f"    {rendered(entry.call, 1, room=95)},")
        if table in options:
            lines.append(f"    {rendered(options[table], 1, room=95)},")
        yield "\n".join([*lines, ")"])


def _columns(made: Classes, models: Models, names: Mapping[FactKey, FactKey]) -> Iterator[str]:
    tables = dict.fromkeys(table for table, _ in made.columns)
    for table in tables:
        own = {name: text for (owner, name), text in made.columns.items() if owner == table}
        lines = [comment(f"{_subject(table, models)}: add these columns, or replace them.")]
        lines.append(f"class {_variable(models.classes.get(table) or table)}:")
        for name, text in own.items():
            key = FactKey("column", table, name, EXISTS)
            if key in models.expected:
                lines.append(comment("Instead of what the class says.", 1))
            if key in names:
                lines.append(comment(f"Instead of {names[key].name}.", 1))
            lines.append(f"    {text}")
        yield "\n".join(lines)


def _classes(made: Classes) -> Iterator[str]:
    for table, text in made.tables.items():
        yield "\n".join([comment(f"Table {table}: no class of the models is for it."), text])


def _of_metadata(entries: Sequence[Entry], models: Models, wanted: set[FactKey]) -> Iterator[str]:
    own = [entry for entry in entries if not entry.owner]
    statements = [entry for entry in own if entry.call.module != "conformance"]
    declared = [entry for entry in own if entry.call.module == "conformance"]
    if own:
        lines = [comment("On the metadata.")]
        lines += [rendered(entry.call) for entry in statements]
        if declared:
            lines += ["declare(", f"    {models.reference},"]
            for entry in declared:
                if _replaces(entry, models, wanted):
                    lines.append(comment("Instead of what is declared already.", 1))
                lines.append(f"    {rendered(entry.call, 1, room=95)},")
            lines.append(")")
        yield "\n".join(lines)


def _other_names(comparison: Comparison) -> dict[FactKey, FactKey]:
    """What the database has under another name than the models, as keys of the two."""
    missing = {
        finding.id: key
        for key, finding in comparison.findings.items()
        if finding.disagreement == "missing"
    }
    return {
        key: missing[finding.id]
        for key, finding in comparison.consequences.items()
        if key.attribute == EXISTS
        and finding.id in missing
        and missing[finding.id][:2] == key[:2]
        and key != missing[finding.id]
    }


def _replaces(entry: Entry, models: Models, wanted: set[FactKey]) -> bool:
    # A hypertable covers its time index, which the class may declare by itself.
    own = {"table"} if entry.call.name == "Index" else {"table", "index"}
    return bool(entry.covers & wanted) and any(
        key.existence in models.expected for key in entry.covers if key.kind not in own
    )


def _left(comparison: Comparison, covered: set[FactKey], made: Classes) -> str:
    """The differences that no code above mends."""
    code = "\n".join([*made.tables.values(), *made.columns.values()])
    messages = [
        finding.message
        for key, finding in comparison.findings.items()
        if key not in covered
        and finding.disagreement != "broken"
        and key.table not in made.tables
        and (key.table, key.name) not in made.columns
        and not (key.kind in ("type", "domain") and key.table.rpartition(".")[2] in code)
    ]
    if not messages:
        return ""
    head = "The models and the database differ in this, too, and no declaration says it:"
    return "\n".join([comment(head), *(comment(f"- {message}") for message in messages)])


def _imports(calls: Sequence[Call], made: Classes, body: str, reference: str) -> list[str]:
    names: dict[str, set[str]] = defaultdict(set)
    helper = made.helper if "OtherType(" in body else ""
    for module, found in imports_of(calls).items():
        names[module].update(found)
    for module, listed in made.imports.items():
        names[module].update(name for name in listed if re.search(rf"\b{name}\b", helper + body))
    if f"declare(\n    {reference}" in body:
        names["conformance"].add("declare")
    lines = import_lines(names, [name for name in made.modules if f"{name}." in body])
    return [*lines, *(["", "", helper] if helper else [])]


def _subject(table: str, models: Models) -> str:
    name = models.classes.get(table)
    return f"Table {table}" if name is None else f"{name} (table {table})"


def _variable(name: str) -> str:
    """A table's name as a variable, without its schema."""
    plain = re.sub(r"\W", "_", name.rpartition(".")[2])
    return plain if plain.isidentifier() and not iskeyword(plain) else f"t_{plain}"
