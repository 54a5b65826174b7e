"""Names as SQL needs them."""

from __future__ import annotations

import re

from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS

#: The schema in which a session looks by itself, and which facts leave out of names, unless a
#: project names another one.
USUAL_SCHEMA = "public"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
#: SQLAlchemy's list lacks words of later PostgreSQL, and has some that may be names.
_RESERVED = RESERVED_WORDS - {"new", "off", "old"} | {
    "collation", "concurrently", "lateral", "system_user", "tablesample",
}  # fmt: skip
#: Words that PostgreSQL prints in quotes although they may be names of columns.
_QUOTED_WORDS = {
    "between", "bigint", "bit", "boolean", "char", "character", "coalesce", "dec", "decimal",
    "exists", "extract", "float", "greatest", "grouping", "inout", "int", "integer", "interval",
    "json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
    "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "least",
    "merge_action", "national", "nchar", "none", "normalize", "nullif", "numeric", "out",
    "overlay", "position", "precision", "real", "row", "setof", "smallint", "substring", "time",
    "timestamp", "treat", "trim", "values", "varchar", "xmlattributes", "xmlconcat",
    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot",
    "xmlserialize", "xmltable",
}  # fmt: skip
#: Words that SQLAlchemy quotes and PostgreSQL prints without quotes.
_BARE_WORDS = {"of", "over"}


def identifier(name: str) -> str:
    """The name, quoted if PostgreSQL needs that."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"{}"'.format(name.replace('"', '""'))


def printed(name: str) -> str:
    """The name as PostgreSQL prints it in queries: `quote_ident()`."""
    if name in _BARE_WORDS:
        return name
    return f'"{name}"' if name in _QUOTED_WORDS else identifier(name)


def unquoted(text: str) -> str:
    """The name that is quoted; another text as it is."""
    match = _QUOTED.fullmatch(text)
    return text if match is None else match[1].replace('""', '"')
