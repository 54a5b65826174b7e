"""Objects of a database that are not tables, by kind and name."""

from __future__ import annotations

from conformance.declarations.base import DeclarationError, Requirement

#: The kinds that `DatabaseObject` declares.
OBJECT_KINDS = (
    "access_method",
    "aggregate",
    "base_type",
    "cast",
    "collation",
    "composite_type",
    "conversion",
    "event_trigger",
    "foreign_data_wrapper",
    "foreign_server",
    "language",
    "operator",
    "operator_class",
    "operator_family",
    "publication",
    "range_type",
    "schema",
    "security_label",
    "statistics",
    "subscription",
    "text_search_configuration",
    "text_search_dictionary",
    "text_search_parser",
    "text_search_template",
    "transform",
    "unused_type",
    "user_mapping",
    "window_function",
)


class DatabaseObject(Requirement):
    """The database has an object of this kind and name.

    Args:
        kind: one of `OBJECT_KINDS`, as a verdict prints it: `event_trigger` or `"event trigger"`.
        name: the name as a verdict prints it: `feed`, `total(integer)`, `text as integer`.
        definition: the definition as a verdict prints it, `instruments: insert, update`; None: the
            definition is not judged.
        schema: the schema of the object; None: the models' default schema, or the object does not
            belong to a schema.
    """

    def __init__(
        self, kind: str, name: str, definition: str | None = None, *, schema: str | None = None
    ) -> None:
        self.kind = kind.replace(" ", "_")
        self.name = name
        self.definition = definition
        self.schema = schema
        if self.kind not in OBJECT_KINDS:
            known = ", ".join(OBJECT_KINDS)
            raise DeclarationError(f"DatabaseObject {name}", f"kind {kind!r} is not one of {known}")
        if not name.strip():
            raise DeclarationError(f"DatabaseObject {kind}", "the name is empty")
