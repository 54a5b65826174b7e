"""`Storage`, and the storage options that SQLAlchemy has for indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.comparing.facts import FactKey
from conformance.inspecting.code import Call, given
from conformance.inspecting.observed import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.inspecting.observed import Attributes, Observed

#: Attributes of storage are parameters: all that there are, but `of_type`.
ATTRIBUTES: dict[str, tuple[str, ...]] = {"storage": ()}
_OF_COLUMNS = ("storage", "compression", "statistics")
#: Nobody can say these: the table was created OF a type.
_UNSAID = ("of_type",)


def declarations(observed: Observed) -> Iterator[Entry]:
    """The declaration of each table that is not stored by the defaults."""
    tables = dict.fromkeys(table for _, table, _, _ in observed.all("storage"))
    for table in tables:
        parts = observed.of("storage", table)
        of_table = {k: v for k, v in parts.get("", {}).items() if k not in _UNSAID}
        columns = {
            name: attributes
            for name, attributes in parts.items()
            if observed.one("column", table, name)
        }
        if not of_table and not columns:
            continue
        covers = frozenset(
            FactKey("storage", table, name, attribute)
            for name, attributes in {"": of_table, **columns}.items()
            for attribute in attributes
        )
        yield Entry(table, _storage(of_table, columns), covers)


def index_options(observed: Observed, table: str, index: str) -> dict[str, Any]:
    """The storage of an index in SQLAlchemy's options."""
    kept = dict(observed.one("storage", table, index) or {})
    tablespace = kept.pop("tablespace", None)
    parameters = {name: _number(value) for name, value in kept.items()}
    return given(postgresql_with=parameters or None, postgresql_tablespace=tablespace)


def _storage(of_table: Attributes, columns: dict[str, Attributes]) -> Call:
    parameters = dict(of_table)
    identity: Any = parameters.pop("replica_identity", None)
    tablespaces: Any = parameters.pop("tablespaces", None)
    said = {name: _number(value) for name, value in parameters.items()}
    return Call(
        "Storage",
        (said,) if said else (),
        given(
            columns={name: _column(kept) for name, kept in columns.items()} or None,
            replica_identity=identity,
            tablespaces=tablespaces.split(", ") if tablespaces else None,
        ),
    )


def _column(kept: Attributes) -> Call:
    options = {name: _number(value) for name, value in kept.items() if name not in _OF_COLUMNS}
    own = {name: _number(kept[name]) for name in _OF_COLUMNS if name in kept}
    return Call("ColumnStorage", (), {**own, **given(options=options or None)})


def _number(value: Any) -> Any:
    """`70` for `"70"`: as people write it."""
    text = str(value)
    return int(text) if text.lstrip("-").isdecimal() else text
