"""The options of a table that plain SQLAlchemy has: schema, kind, parents, access method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.inspecting.observed import Observed

#: The attributes of a table that its options say.
OPTIONS = ("kind", "partitioned_by", "persistence", "inherits", "access_method")


def options_of(observed: Observed, name: str) -> dict[str, Any]:
    """The keyword arguments of the table, as `__table_args__` has them."""
    schema, _ = observed.split(name)
    of = observed.one("table", name) or {}
    parents: Any = of.get("inherits") or ()
    options: dict[str, Any] = {} if schema is None else {"schema": schema}
    if of.get("persistence") == "unlogged":
        options["prefixes"] = ["UNLOGGED"]
    if of.get("kind") == "foreign table":
        options["prefixes"] = ["FOREIGN"]
    if "partitioned_by" in of:
        options["postgresql_partition_by"] = of["partitioned_by"]
    if parents:
        options["postgresql_inherits"] = list(parents)
    if of.get("access_method", "heap") != "heap":
        options["postgresql_using"] = of["access_method"]
    return options
