"""Every message of a finding, by kind and attribute."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import ANYTHING, EXISTS, KINDS, FactKey, Given, Unsaid
from conformance.comparing.kinds import DECLARATIONS, PRESENT
from conformance.comparing.messages import _CAUSES, _NO_DEFAULT_INDEX, hint_for, message_for

AGE = FactKey("policy", "t", "compression", "compress_after")


@pytest.mark.parametrize(
    ("key", "disagreement", "values", "message"),
    [
        (
            AGE,
            "different",
            (1, 2),
            "policy t.compression: compress after is 2, the models declare 1",
        ),
        (
            AGE,
            "missing",
            (1, None),
            "policy t.compression: compress after is not set, the models declare 1",
        ),
        (
            AGE,
            "unexpected",
            (None, 2),
            "policy t.compression: compress after is 2, the models declare nothing",
        ),
        (
            FactKey("chunk", "t", "", "alterations"),
            "different",
            (None, "none"),
            "chunks of t: alterations are none, the models declare none",
        ),
        (
            AGE,
            "different",
            (Given("an age"), None),
            "policy t.compression: compress after is not set, the models need an age",
        ),
        (
            AGE,
            "missing",
            (ANYTHING, None),
            "policy t.compression: compress after is not set, the models allow any value",
        ),
        (
            AGE,
            "different",
            ((), (1, 2)),
            "policy t.compression: compress after is (1, 2), the models declare none",
        ),
        (
            AGE,
            "unexpected",
            (None, ()),
            "policy t.compression: compress after is none, the models declare nothing",
        ),
        (
            AGE,
            "different",
            ("30 days", None),
            "policy t.compression: compress after is none, the models declare 30 days",
        ),
        (
            AGE,
            "different",
            (Unsaid(1, "the version chooses"), 2),
            "policy t.compression: compress after is 2, the models do not declare one; the version "
            "chooses",
        ),
        (
            FactKey("continuous_aggregate", "daily", "", "automatic_indexes"),
            "different",
            (("day", "venue, day"), ("day",)),
            "continuous aggregate daily: the indexes that TimescaleDB creates by itself are (day), "
            "the models declare (day) and (venue, day)",
        ),
        (
            FactKey("continuous_aggregate", "daily", "", "automatic_indexes"),
            "different",
            (("day",), ()),
            "continuous aggregate daily: the indexes that TimescaleDB creates by itself are none, "
            "the models declare (day)",
        ),
        (
            FactKey("primary_key", "t", "pk", EXISTS),
            "missing",
            (True, None),
            "primary key of t.pk: is missing, the models declare it",
        ),
        (
            FactKey("trigger", "t", "tr", EXISTS),
            "unexpected",
            (None, "BEFORE INSERT"),
            "trigger t.tr: is in the database, the models do not declare it (BEFORE INSERT)",
        ),
        (
            FactKey("table", "t", "", EXISTS),
            "unexpected",
            (None, True),
            "table t: is in the database, the models do not declare it",
        ),
    ],
)
def test_messages(key, disagreement, values, message):
    assert message_for(key, disagreement, *values) == message


CREATE = "Create it in a migration, or drop it from the models."
DECLARE = "Declare it in the models, or drop it in a migration."
CHANGE = "Change it in a migration, or in the models if the database is right."


@pytest.mark.parametrize("kind", KINDS)
def test_hints_say_where_it_was_read_and_what_to_do(kind):
    def hint(disagreement):
        return hint_for(FactKey(kind, "t", "", "no such"), disagreement)

    for disagreement in ("missing", "unexpected", "different"):
        assert hint(disagreement).startswith("Read from ")
    assert hint("different").endswith(f". {CHANGE}")
    if kind != "primary_key":
        assert hint("missing").endswith(f". {CREATE}")
    declaration = DECLARATIONS.get(kind)
    verb = "reset" if kind in ("setting", "storage") else "drop"
    way = f"Declare it with {declaration}, or {verb} it in a migration." if declaration else DECLARE
    assert hint("unexpected").endswith(f". {way}")


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        (FactKey("table", "history", "", EXISTS), "history"),
        (FactKey("view", "audit.latest", "", EXISTS), "audit.latest"),
        (FactKey("trigger", "tanks", "keep", EXISTS), "trigger:tanks.keep"),
        (FactKey("job", "tank.tidy", "", EXISTS), "job:tank.tidy"),
    ],
)
def test_what_may_be_a_librarys_can_be_left(key, pattern):
    left = f' If it is somebody else\'s: leave = ["{pattern}"] in pyproject.toml.'
    assert hint_for(key, "unexpected").endswith(f"drop it in a migration.{left}")
    assert "leave" not in hint_for(key, "missing")
    assert "leave" not in hint_for(key._replace(attribute="owner"), "unexpected")


def test_a_table_may_have_no_primary_key_on_purpose():
    assert hint_for(FactKey("primary_key", "t", "pk", EXISTS), "missing") == (
        "Read from pg_constraint. Create the primary key in a migration. If the table should not "
        'have one, replace primary_key=True by __mapper_args__ = {"primary_key": [...]} in the '
        "class."
    )


def test_where_objects_are_read_of_which_only_the_census_knows():
    key = FactKey("conversion", "c", "", EXISTS)
    assert hint_for(key, "missing") == f"Read from the server's catalogs. {CREATE}"


@pytest.mark.parametrize(
    ("key", "disagreement", "declaration"),
    [
        # What no model declares may be declared, whatever its cause is.
        (FactKey("trigger", "t", "x", EXISTS), "unexpected", "Trigger(...)"),
        (FactKey("storage", "t", "", "autovacuum_enabled"), "unexpected", "Storage(...)"),
        (FactKey("storage", "t", "", "autovacuum_enabled"), "different", None),
        (FactKey("policy", "t", "compression", EXISTS), "missing", None),
        # Plain SQLAlchemy will do.
        (FactKey("table", "t", "", "persistence"), "unexpected", None),
    ],
    ids=range(5),
)
def test_what_to_do_where_there_is_a_cause(key, disagreement, declaration):
    told = f" Likely cause: {_CAUSES[key.kind, key.attribute]}."
    if declaration is not None:
        verb = "reset" if key.kind == "storage" else "drop"
        told += f" Declare it with {declaration}, or {verb} it in a migration."
    hint, _, _ = hint_for(key, disagreement).partition(" If it is somebody else's:")
    assert hint.endswith(told)


def test_a_default_of_python_is_none_of_the_table():
    hint = hint_for(FactKey("column", "t", "a", "default"), "different")
    assert "or server_default= in the models if the database is right. What a model says by" in hint


def test_a_policy_of_a_name_that_is_only_like_that_of_another():
    hint = hint_for(FactKey("policy", "t", "Xrefresh", "no such"), "unexpected")
    assert "No declaration exists for this kind of policy" in hint


@pytest.mark.parametrize("known", _CAUSES)
def test_hints_name_the_likely_cause(known):
    kind, attribute = known
    key = FactKey(kind, "t", "", attribute)
    told = f" Likely cause: {_CAUSES[known]}."
    # A cause of absence explains nothing that is there, nor the other way round.
    explained = {
        disagreement
        for disagreement in ("missing", "unexpected", "different")
        if told in hint_for(key, disagreement)
    }
    if attribute != EXISTS:
        assert explained == {"missing", "unexpected", "different"}
    elif kind in PRESENT:
        assert explained == {"unexpected"}
    else:
        assert explained == {"missing", "different"}


def test_an_attribute_that_is_read_elsewhere():
    size, interval = (
        FactKey("hypertable", "t", "", attribute)
        for attribute in ("chunk_target_size", "chunk_interval")
    )
    assert hint_for(size, "different").startswith("Read from _timescaledb_catalog.hypertable. ")
    assert hint_for(interval, "different").startswith("Read from timescaledb_information.dimens")


def test_an_index_that_timescaledb_makes_has_a_cause_of_its_own():
    made, named = FactKey("index", "t", "<i>", EXISTS), FactKey("index", "t", "i", EXISTS)
    assert hint_for(made, "missing") == f"Read from pg_index. Likely cause: {_NO_DEFAULT_INDEX}."
    assert hint_for(named, "missing") == f"Read from pg_index. {CREATE}"
    assert hint_for(made, "unexpected") == f"Read from pg_index. {DECLARE}"
    unnamed = FactKey("unique", "t", "<u>", EXISTS)
    assert hint_for(unnamed, "missing") == f"Read from pg_constraint. {CREATE}"


@pytest.mark.parametrize(
    ("name", "declaration"),
    [
        ("<refresh 1>", "Refresh(...)"),
        ("refresh", "Refresh(...)"),
        ("compression", "Compression(..., after=...)"),
        ("retention", "Retention(...)"),
        ("reorder", "Reorder(...)"),
    ],
)
def test_a_policy_is_declared_by_its_own_kind(name, declaration):
    hint = hint_for(FactKey("policy", "t", name, "no such"), "unexpected")
    assert hint.endswith(f" Declare it with {declaration}, or drop it in a migration.")


def test_a_policy_that_nothing_declares():
    key = FactKey("policy", "t", "process_hypertable_invalidations", EXISTS)
    assert hint_for(key, "unexpected") == (
        "Read from timescaledb_information.jobs. No declaration exists for this kind of policy. "
        "Remove the policy in a migration."
    )


def test_a_relation_of_another_kind():
    table, view = (FactKey(kind, "t", "", EXISTS) for kind in ("table", "materialized_view"))
    assert message_for(table, "missing", True, None, "view") == (
        "table t: is a view in the database, the models declare a table"
    )
    assert message_for(view, "unexpected", None, True, "table") == (
        "materialized view t: is a materialized view in the database, the models declare a table"
    )
    assert hint_for(table, "missing", "view") == (
        f"Read from pg_class. Declare the view with {DECLARATIONS['view']}, or create the table "
        "in a migration."
    )
    assert hint_for(view, "unexpected", "table") == (
        f"Read from pg_matviews. Declare the materialized view with "
        f"{DECLARATIONS['materialized_view']}, or create the table in a migration."
    )


@pytest.mark.parametrize("name", ["compaction", "reorder"])
def test_a_policy_that_another_function_adds(name):
    assert hint_for(FactKey("policy", "t", name, EXISTS), "missing") == (
        "Read from timescaledb_information.jobs. Likely cause: "
        f"add_{name}_policy() was not called, or the policy was removed."
    )
