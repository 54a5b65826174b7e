"""Between which of PostgreSQL's own types there is no cast, so that text is the way."""

from __future__ import annotations

import re

_MODIFIER = re.compile(r"\([^)]*\)|(?<=^interval) .*")
#: Source: PostgreSQL's catalog pg_cast; texts are apart, because every type has a cast to them.
_CASTS = {
    "bigint": "money, oid, smallint, integer, real, double precision, numeric, bit",
    "bit": "bigint, bit varying, integer",
    "bit varying": "bit",
    "boolean": "integer",
    "box": "lseg, polygon, point, circle",
    "bytea": "",
    "cidr": "inet",
    "circle": "polygon, point, box",
    "date": "timestamp without time zone, timestamp with time zone",
    "datemultirange": "",
    "daterange": "datemultirange",
    "double precision": "smallint, real, numeric, bigint, integer",
    "inet": "cidr",
    "int4multirange": "",
    "int4range": "int4multirange",
    "int8multirange": "",
    "int8range": "int8multirange",
    "integer": "money, bigint, smallint, real, double precision, numeric, bit, boolean, oid",
    "interval": "time without time zone",
    "json": "jsonb",
    "jsonb": "boolean, numeric, double precision, integer, bigint, real, smallint, json",
    "lseg": "point",
    "macaddr": "macaddr8",
    "macaddr8": "macaddr",
    "money": "numeric",
    "numeric": "money, double precision, bigint, smallint, integer, real",
    "nummultirange": "",
    "numrange": "nummultirange",
    "oid": "integer, bigint",
    "path": "polygon",
    "point": "box",
    "polygon": "point, path, box, circle",
    "real": "smallint, double precision, integer, numeric, bigint",
    "smallint": "real, oid, numeric, double precision, integer, bigint",
    "time with time zone": "time without time zone",
    "time without time zone": "interval, time with time zone",
    "timestamp with time zone": (
        "time without time zone, time with time zone, date, timestamp without time zone"
    ),
    "timestamp without time zone": "time without time zone, timestamp with time zone, date",
    "tsmultirange": "",
    "tsquery": "",
    "tsrange": "tsmultirange",
    "tstzmultirange": "",
    "tstzrange": "tstzmultirange",
    "tsvector": "",
    "uuid": "",
    "xml": "",
}


def lack_a_cast(old: str, new: str) -> bool:
    """Whether PostgreSQL has no cast between the two, which are types of its own but no texts.

    Args:
        old: the type as the server prints it.
        new: so, too.
    """
    (one, array), (other, other_array) = _element(old), _element(new)
    if array != other_array:
        return (other if array else one) in _CASTS
    known = one in _CASTS and other in _CASTS
    return known and one != other and other not in _CASTS[one].split(", ")


def is_no_text(kind: str) -> bool:
    """Whether it is one of PostgreSQL's own types, or an array of them, and no text."""
    return _element(kind)[0] in _CASTS


def _element(kind: str) -> tuple[str, bool]:
    """The type without modifiers, or that of an array's elements; whether it is an array."""
    return _MODIFIER.sub("", kind.removesuffix("[]")), kind.endswith("[]")
