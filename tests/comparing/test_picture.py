"""The picture of a schema: relations, keys and policies as JSON data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from conformance.comparing.facts import (
    ANYTHING,
    UNBOUNDED,
    Detail,
    FactKey,
    Includes,
    OutputColumn,
    TypeName,
)
from conformance.comparing.picture import picture_of
from conformance.intervals import Interval

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/verdict.schema.json").read_text(encoding="utf-8")
)
RELATION = {"$defs": SCHEMA["$defs"], **SCHEMA["properties"]["schema"]}
TEXT = TypeName("text", "text")


def facts(**objects):
    """`table__t={"exists": True}`, `column__t__c=...`: kind, table and name of a key."""
    found = {}
    for words, attributes in objects.items():
        kind, table, name = (*words.split("__"), "")[:3]
        for attribute, value in attributes.items():
            found[FactKey(kind, table, name, attribute)] = value
    return found


def drawn(expected, observed):
    picture = picture_of(expected, observed)
    Draft202012Validator(RELATION).validate(picture)
    assert json.loads(json.dumps(picture)) == picture
    return {relation["name"]: relation for relation in picture["relations"]}


READINGS = facts(
    table__readings={"exists": True, "owner": "me"},
    column__readings__at={"exists": True, "type": TEXT, "nullable": False},
    column__readings__value={"exists": True, "type": TEXT, "nullable": True},
    primary_key__readings={"exists": True, "columns": ("at",)},
    unique__readings__uq={"exists": True, "columns": ("at", "value")},
    foreign_key__readings__fk={"exists": True, "columns": ("value",), "references": "sensors (id)"},
    hypertable__readings={
        "exists": True, "time_column": "at", "chunk_interval": Interval.parse("1 month"),
        "partitions": ("hash (value, 4)",),
    },
    compression__readings={"exists": True, "segment_by": ("value",), "order_by": ("at DESC",)},
    policy__readings__compression={
        "exists": True, "compress_after": Interval.parse("7 days"),
        "schedule_interval": Interval.parse("12 hours"), "scheduled": True,
    },
    policy__readings__retention={"exists": True, "drop_after": 90, "scheduled": False},
    policy__readings__reorder={"exists": True, "index_name": "i"},
    check__readings__ck={"exists": True},
)  # fmt: skip


def test_a_hypertable():
    assert drawn(READINGS, READINGS)["readings"] == {
        "name": "readings",
        "kind": "hypertable",
        "missing": False,
        "declared": True,
        "columns": [
            {"name": "at", "type": "text", "nullable": False},
            {"name": "value", "type": "text", "nullable": True},
        ],
        "primary_key": ["at"],
        "unique": [["at", "value"]],
        "foreign_keys": [{"columns": ["value"], "references": "sensors (id)", "table": "sensors"}],
        "time": {"column": "at", "chunk_interval": "30 days", "partitions": ["hash (value, 4)"]},
        "compression": {"segment_by": ["value"], "order_by": ["at DESC"]},
        "policies": [
            {
                "name": "compression", "schedule": "12 hours", "scheduled": True,
                "age": "compress_after", "after": "7 days",
            },
            {
                "name": "retention", "schedule": None, "scheduled": False, "age": "drop_after",
                "after": 90,
            },
            {"name": "reorder", "schedule": None, "scheduled": True},
        ],
        "aggregate": None,
    }  # fmt: skip


def test_a_plain_table():
    table = drawn({}, facts(table__t={"exists": True}))["t"]
    assert (table["kind"], table["declared"], table["columns"]) == ("table", False, [])
    assert (table["time"], table["compression"], table["primary_key"]) == (None, None, [])


def test_what_the_database_lacks_is_described_as_declared():
    table = drawn(READINGS, {})["readings"]
    assert (table["missing"], table["declared"], table["kind"]) == (True, True, "hypertable")
    assert table["columns"][0] == {"name": "at", "type": "text", "nullable": False, "missing": True}
    assert table["time"]["column"] == "at"


def test_what_the_database_has_comes_first():
    """Its columns in its order and with its types; then those that only the models have."""
    observed = facts(
        table__readings={"exists": True},
        column__readings__extra={"exists": True, "type": TypeName("int", "int")},
        column__readings__value={"exists": True, "type": TypeName("int", "int")},
    )
    table = drawn(READINGS, observed)["readings"]
    assert table["columns"] == [
        {"name": "extra", "type": "int", "nullable": True},
        {"name": "value", "type": "int", "nullable": True},
        {"name": "at", "type": "text", "nullable": False, "missing": True},
    ]
    assert (table["kind"], table["missing"], table["policies"]) == ("table", False, [])


def test_what_nobody_knows_of_a_relation_is_left_empty():
    observed = facts(
        table__t={"exists": True},
        unique__t__uq={"exists": True},
        foreign_key__t__fk={"exists": True},
        compression__t={"exists": True},
        policy__t__X={"exists": True},
    )
    table = drawn({}, observed)["t"]
    assert table["unique"] == [[]]
    assert table["foreign_keys"] == [{"columns": [], "references": "", "table": ""}]
    assert table["compression"] == {"segment_by": [], "order_by": []}
    assert table["policies"] == [{"name": "X", "schedule": None, "scheduled": True}]


def test_relations_are_sorted_and_need_to_exist():
    observed = facts(
        table__b={"exists": True}, view__a={"exists": Detail("a view")}, table__c={"owner": "me"}
    )
    assert [*drawn({}, observed)] == ["a", "b"]
    assert drawn({}, observed)["a"]["kind"] == "view"


def test_a_continuous_aggregate():
    observed = facts(
        continuous_aggregate__daily={
            "exists": True, "source": "readings", "bucket": Interval.parse("1 day"),
            "columns": (OutputColumn("day", TEXT),), "chunk_interval": Interval.parse("300 days"),
        },
        policy__daily__refresh={
            "exists": True, "start_offset": UNBOUNDED, "end_offset": Interval.parse("1 hour"),
            "schedule_interval": Interval.parse("1 hour"),
        },
    )  # fmt: skip
    daily = drawn({}, observed)["daily"]
    assert daily["aggregate"] == {"source": "readings", "bucket": "1 day"}
    assert daily["time"] == {"column": None, "chunk_interval": "300 days", "partitions": []}
    assert daily["columns"] == [{"name": "day", "type": "text", "nullable": True}]
    assert daily["policies"] == [
        {
            "name": "refresh", "schedule": "1 hour", "scheduled": True, "start": "unbounded",
            "end": "1 hour",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "names"),
    [(Includes((OutputColumn("day", TEXT),)), ["day"]), (ANYTHING, [])],
)
def test_an_aggregate_that_only_the_models_have(columns, names):
    """The declaration may leave open what the database would say."""
    expected = facts(
        continuous_aggregate__daily={"exists": True, "source": ANYTHING, "columns": columns},
        **{"policy__daily__<refresh>": {"exists": True, "start_offset": 5}},
    )
    daily = drawn(expected, {})["daily"]
    assert [column["name"] for column in daily["columns"]] == names
    assert daily["aggregate"] == {"source": "anything", "bucket": None}
    assert daily["policies"] == [
        {"name": "refresh", "schedule": None, "scheduled": True, "start": 5, "end": None}
    ]


@pytest.mark.parametrize(
    ("references", "table"),
    [("s (id)", "s"), ("odd (x) (id)", "odd (x)"), ("gone (a) (id)", "gone"), ("", "")],
)
def test_the_referred_table(references, table):
    observed = facts(
        table__t={"exists": True},
        foreign_key__t__fk={"columns": ("a",), "references": references},
        **{"table__odd (x)": {"exists": True}, "table__odd": {"exists": True}},
    )
    assert drawn({}, observed)["t"]["foreign_keys"][0]["table"] == table


@pytest.mark.parametrize(
    "age", ["compress_after", "compress_created_before", "drop_after", "drop_created_before"]
)
def test_the_age_at_which_a_policy_acts(age):
    observed = facts(
        table__t={"exists": True}, policy__t__p={"exists": True, age: 5, "config": None}
    )
    assert drawn({}, observed)["t"]["policies"] == [
        {"name": "p", "schedule": None, "scheduled": True, "age": age, "after": 5}
    ]
