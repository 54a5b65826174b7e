"""Objects, extensions and settings of a database: what is said of them, and what is none."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData

from conformance.declarations import DatabaseObject, Extension, Setting
from conformance.declarations.base import required
from conformance.declarations.objects import OBJECT_KINDS


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: DatabaseObject("event trigger", "watch"),
         {"kind": "event_trigger", "name": "watch", "definition": None, "schema": None}),
        (lambda: DatabaseObject("statistics", "both", "price, size", schema="desk"),
         {"kind": "statistics", "name": "both", "definition": "price, size", "schema": "desk"}),
        (lambda: Extension("pg_trgm"), {"name": "pg_trgm", "minimum": None, "schema": None}),
        (lambda: Extension("pg_trgm", minimum="1.6", schema="tools"),
         {"name": "pg_trgm", "minimum": "1.6", "schema": "tools"}),
        (lambda: Setting("TimeZone", "UTC"), {"name": "TimeZone", "value": "UTC", "role": None}),
        (lambda: Setting("jit", value=False, role="desk"),
         {"name": "jit", "value": "off", "role": "desk"}),
        (lambda: Setting("jit", value=True), {"name": "jit", "value": "on", "role": None}),
        (lambda: Setting("cursor_tuple_fraction", 0.5),
         {"name": "cursor_tuple_fraction", "value": "0.5", "role": None}),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_declared(declare, said):
    metadata, declared = MetaData(), declare()
    declared.require(metadata)
    (found,) = required(metadata, type(declared))
    assert vars(found) == said


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_every_kind_may_be_written_in_words(kind):
    assert DatabaseObject(kind.replace("_", " "), "x").kind == kind


@pytest.mark.parametrize("version", ["2", "1.6", "3.4.2", "10.0.0.1"])
def test_a_version_has_one_number_or_more(version):
    assert Extension("pg_trgm", minimum=version).minimum == version


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: DatabaseObject("table", "t"),
    lambda: DatabaseObject("publication", " "),
    lambda: Extension("timescaledb"),
    lambda: Extension("plpgsql"),
    lambda: Extension("pg_trgm", minimum="1.6-dev"),
    lambda: Setting(" ", "on"),
)
