"""One table or column is missing, or has another name or type, and what follows."""

from __future__ import annotations

import json

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, Expression, FactKey, IndexColumn, Query
from conformance.comparing.following import with_column
from conformance.comparing.identifiers import identifier
from conformance.comparing.merging import split

COMMUNITY = Capabilities(community_edition=True)


def one(kind, table, name="", **attributes):
    values = {EXISTS: True, **attributes}
    return {FactKey(kind, table, name, attribute): value for attribute, value in values.items()}


def column(table, name, of="int"):
    return one("column", table, name, type=of)


def table(name, *columns):
    found = one("table", name, persistence="permanent")
    for item in columns:
        found |= column(name, item)
    return found


def key(name, referred, columns=("city",), references="cities (code)"):
    return one("foreign_key", name, referred, columns=columns, references=references)


def found(expected, observed):
    """The findings' messages by id; each of the others is a consequence."""
    compared = compare(expected, observed, COMMUNITY)
    differing = {
        name for name in {*expected, *observed} if expected.get(name) != observed.get(name)
    }
    assert differing - {*compared.findings, *compared.consequences} == set()
    for finding in compared.findings.values():
        moot = {key.id for key, cause in compared.consequences.items() if cause == finding}
        assert {*finding.others} <= moot
    return {finding.id: finding.message for finding in compared.findings.values()}


def test_keys_to_a_missing_table_follow_from_it():
    rest = table("t", "city") | table("u", "city") | table("s.cities", "code", "name")
    keys = key("t", "fk_t") | key("u", "fk_u", references="cities (code, land)")
    other = key("t", "fk_s", references="s.cities (code)")
    expected = table("cities", "code", "name") | rest | keys | other
    assert found(expected, rest) == {
        "table:cities:exists": "table cities: is missing, the models declare it; these follow from"
        " it: foreign key t.fk_t, foreign key u.fk_u",
        "foreign_key:t.fk_s:exists": "foreign key t.fk_s: is missing, the models declare it",
    }


def aggregate(name, source, definition):
    return one("continuous_aggregate", name, definition=definition, columns=("b",), source=source)


def test_an_aggregate_of_a_renamed_one_follows_from_it():
    rest = aggregate("other", "flows", "o") | aggregate("apart", "flows", "p")
    expected = aggregate("daily", "flows", "d") | aggregate("monthly", "daily", "m") | rest
    observed = aggregate("per_day", "flows", "d") | aggregate("monthly", "per_day", "m") | rest
    messages = found(expected, observed)
    assert list(messages) == ["continuous_aggregate:daily:exists"]
    assert "per_day" in messages["continuous_aggregate:daily:exists"]
    # One that reads another table does not follow from the name.
    moved = observed | aggregate("monthly", "flows", "m")
    assert "continuous_aggregate:monthly:source" in found(expected, moved)


@pytest.mark.parametrize("upside_down", [False, True])
def test_aggregates_that_read_from_each_other_have_other_names(upside_down):
    expected = [aggregate("daily", "flows", "d"), aggregate("monthly", "daily", "m"),
                aggregate("yearly", "monthly", "y")]  # fmt: skip
    observed = aggregate("per_day", "flows", "d") | aggregate("per_month", "per_day", "m")
    if upside_down:
        expected.reverse()
    messages = found(
        expected[0] | expected[1] | expected[2], observed | aggregate("per_year", "per_month", "y")
    )
    assert {*messages} == {
        f"continuous_aggregate:{name}:exists" for name in ("daily", "monthly", "yearly")
    }
    assert "is called per_year in the database" in messages["continuous_aggregate:yearly:exists"]
    # One that reads something else is another one.
    other = observed | aggregate("per_year", "flows", "y")
    messages = found(expected[0] | expected[1] | expected[2], other)
    assert "continuous_aggregate:per_year:exists" in messages


@pytest.mark.parametrize(
    ("then", "read"),
    [
        ("per_day", "per_day, per_day_too, other.per_day"),
        ("lab.per_day", "lab.per_day, per_day_too, per_day"),
    ],
)
def test_the_query_of_an_aggregate_names_the_one_that_it_reads(then, read):
    """The plan of a query names what it reads."""
    queries = [Query(f"reads {names}", "") for names in ("daily, per_day_too, other.daily", read)]
    if "." in then:
        queries[0] = Query("reads daily, per_day_too, daily", "")
    expected = aggregate("daily", "flows", "d") | aggregate("monthly", "daily", queries[0])
    observed = aggregate(then, "flows", "d") | aggregate("per_month", then, queries[1])
    assert {*found(expected, observed)} == {
        "continuous_aggregate:daily:exists", "continuous_aggregate:monthly:exists",
    }  # fmt: skip


def test_what_names_a_missing_column_follows_from_it():
    rest = table("t", "b", "c") | table("u", "a") | table("v", "x")
    own = (
        one("unique", "t", "uq", columns=("b", "a"))
        | one("index", "t", "ix", columns=(IndexColumn("a", descending=True),))
        | one("index", "t", "ix_e", columns=(IndexColumn(said("lower(a)")),))
        | one("index", "t", "ix_p", columns=(IndexColumn("b"),), predicate=said('"a" > 1'))
        | one("column", "t", "twice", generated=said("A * 2"))
        | one("check", "t", "ck", expression=said("b > 0 OR a > 0"))
        | key("v", "fk", ("x",), "t (b, a)")
    )
    others = (
        one("unique", "t", "uq_b", columns=("b",))
        | one("unique", "u", "uq_u", columns=("a",))
        | one("index", "t", "ix_b", columns=(IndexColumn(said("b || 'a'")),), predicate=None)
        | one("check", "t", "ck_b", expression=said("ab > 0 AND b <> 'a' AND \"A\" > 1"))
        | one("check", "u", "ck_u", expression=said("a > 0"))
        | key("v", "fk_u", ("x",), "u (a)")
        | key("v", "fk_c", ("x",), "t (c)")
    )
    messages = found(rest | column("t", "a") | own | others, rest)
    assert messages.pop("column:t.a:exists") == (
        "column t.a: is missing, the models declare it; these follow from it: column"
        " t.twice, unique constraint t.uq, foreign key v.fk, check constraint t.ck, index t.ix,"
        " index t.ix_e and 1 more"
    )
    assert {*messages} == {
        "unique:t.uq_b:exists", "unique:u.uq_u:exists", "index:t.ix_b:exists",
        "check:t.ck_b:exists", "check:u.ck_u:exists",
        "foreign_key:v.fk_c:exists",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [("primary_key", ""), ("unique", "uq")])
def test_keys_to_a_missing_key_follow_from_it(kind, name):
    rest = table("t", "a", "b") | table("u", "x", "y")
    cause = one(kind, "t", name, columns=("a", "b"))
    own = key("u", "fk", ("x", "y"), "t (a, b)")
    others = key("u", "fk_b", ("x",), "t (b)") | key("u", "fk_u", ("x",), "u (a, b)")
    messages = found(rest | cause | own | others, rest)
    assert {*messages} == {
        next(iter(cause)).id, "foreign_key:u.fk_b:exists", "foreign_key:u.fk_u:exists",
    }  # fmt: skip
    assert messages[next(iter(cause)).id].endswith("; these follow from it: foreign key u.fk")


def test_what_belongs_to_a_missing_index_or_column_follows_from_it():
    rest = table("t", "b")
    expected = (
        rest
        | column("t", "a")
        | one("storage", "t", "a", compression="lz4")
        | one("comment", "t", "a", text="x")
        | one("index", "t", "ix", columns=(IndexColumn("b"),))
        | one("storage", "t", "ix", fillfactor="70")
    )
    assert {*found(expected, rest)} == {"column:t.a:exists", "index:t.ix:exists"}


@pytest.mark.parametrize(
    ("declared", "printed"),
    [
        ('"City" > 0 OR b < 5', "((city > (0)::double precision) OR (b < (5)::numeric))"),
        ("lower(\"City\") <> ''", "(lower((city)::text) <> ''::text)"),
        ('"City" > at', "(city > (at)::timestamp without time zone)"),
    ],
)
def test_expressions_of_a_column_of_another_name_follow(declared, printed):
    def named(name, expression):
        return (
            table("t", "at", "b", name)
            | one("check", "t", "ck", expression=expression)
            | one("index", "t", "ix", columns=(IndexColumn(expression),), predicate=expression)
            | one("column", "t", "later", generated=expression)
        )

    expected = named("City", said(declared))
    assert {*found(expected, named("city", said(printed)))} == {"column:t.City:exists"}
    other = said(printed.replace(">", ">=").replace("<>", "="))
    assert len(found(expected, named("city", other))) == 5
    # What the server printed is compared as it is.
    by_server = named("City", Expression(printed.replace("city", '"City"') + " ", declared))
    assert len(found(by_server, named("city", said(printed)))) == 5


def test_an_aggregate_that_reads_a_column_of_another_name_follows():
    def named(name, minimum="min"):
        query = Query(f"{minimum}(t.{identifier(name)}), {name}_too", "")
        return table("t", "at", name) | aggregate("daily", "t", query)

    other = named("city") | {FactKey("continuous_aggregate", "daily", "", "definition"):
                             Query("min(t.city), City_too", "")}  # fmt: skip
    assert {*found(named("City"), other)} == {"column:t.City:exists"}
    different = other | {FactKey("continuous_aggregate", "daily", "", "definition"):
                         Query("max(t.city), City_too", "")}  # fmt: skip
    assert {*found(named("City"), different)} == {
        "column:t.City:exists", "continuous_aggregate:daily:definition",
    }  # fmt: skip


def test_an_index_that_is_called_after_a_column_of_another_name_is_one_finding():
    def named(name, after=None):
        after = after or name
        return (
            table("t", "at", name)
            | one("index", "t", f"ix_t_{after}", columns=(IndexColumn(name),), unique=False)
            | one("unique", "t", f"uq_t_{after}", columns=(name, "at"))
            | one("foreign_key", "t", f"fk_t_{after}", columns=(name,), references="u (a)")
        )

    rest = table("u", "a")
    messages = found(rest | named("new"), rest | named("old"))
    assert {*messages} == {
        "column:t.new:exists", "index:t.ix_t_new:exists", "unique:t.uq_t_new:exists",
        "foreign_key:t.fk_t_new:exists",
    }  # fmt: skip
    assert "is called ix_t_old in the database" in messages["index:t.ix_t_new:exists"]
    assert {*found(rest | named("new"), rest | named("old", "new"))} == {"column:t.new:exists"}
    elsewhere = [one("index", "u", name, columns=(IndexColumn("old"),)) for name in ("i", "j")]
    apart = found(rest | named("new") | elsewhere[0], rest | named("old") | elsewhere[1])
    assert "is called j in the database" in apart["index:u.i:exists"]
    different = rest | named("old") | {FactKey("index", "t", "ix_t_old", "unique"): True}
    assert len(found(rest | named("new"), different)) == 5


def test_an_expression_that_the_server_printed_follows_with_the_name_alone():
    def checked(name, printed):
        expression = Expression(printed, f"{name} > 1 + 1")
        return table("t", "at", name) | one("check", "t", "ck", expression=expression)

    expected = checked("town", "(town > (1 + 1))")
    assert {*found(expected, checked("city", "(city > (1 + 1))"))} == {"column:t.town:exists"}
    assert len(found(expected, checked("city", "((city > 1) + 1)"))) == 2


def said(text):
    return Expression(text, text)


def test_only_a_table_a_column_or_a_key_is_a_cause():
    rest = table("t", "a", "b")
    missing = one("index", "t", "a", columns=(IndexColumn("b"),))
    missing |= one("unique", "t", "uq", columns=("a",))
    assert {*found(rest | missing, rest)} == {"index:t.a:exists", "unique:t.uq:exists"}


def test_another_definition_without_the_missing_column_is_a_finding_of_its_own():
    def indexed(*names):
        return one("index", "t", "ix", columns=tuple(IndexColumn(name) for name in names))

    expected = table("t", "a", "b") | indexed("a", "b")
    assert {*found(expected, table("t", "b") | indexed("b"))} == {
        "column:t.a:exists", "index:t.ix:columns",
    }  # fmt: skip


def test_a_table_with_a_parenthesis_in_its_name():
    rest = table("t", "city")
    expected = (
        rest | table("cities (old)", "code") | key("t", "fk", references="cities (old) (code)")
    )
    assert {*found(expected, rest)} == {"table:cities (old):exists"}


def without_t7(facts):
    return {name: value for name, value in facts.items() if name.table != "t7"}


def test_more_than_six_are_counted():
    tables = [f"t{number}" for number in range(8)]
    expected = table("cities", "code")
    for name in tables:
        expected |= table(name, "city") | key(name, "fk")
    observed = {name: value for name, value in expected.items() if name.kind != "foreign_key"}
    observed = {name: value for name, value in observed.items() if name.table != "cities"}
    (message,) = found(expected, observed).values()
    assert message.endswith("foreign key t5.fk and 2 more")
    del expected[FactKey("foreign_key", "t7", "fk", EXISTS)]
    (message,) = found(without_t7(expected), without_t7(observed)).values()
    assert message.endswith("foreign key t5.fk and 1 more")
    six = {name: value for name, value in expected.items() if name.table not in ("t6", "t7")}
    (message,) = found(six, {name: six[name] for name in observed if name in six}).values()
    assert message.endswith("foreign key t4.fk, foreign key t5.fk")


def test_a_column_of_another_name():
    def named(name):
        return (
            table("T", "at", name)
            | table("u", "city")
            | one("unique", "T", "uq", columns=("at", name))
            | one("index", "T", "ix", columns=(IndexColumn(name), IndexColumn("at")))
            | one("compression", "T", segment_by=(name,), order_by=("at DESC", f"{name} DESC"))
            | key("u", "fk", references=f"T ({name}, at)")
            | key("u", "fk_at", references="T (at)")
            | key("T", "fk_u", (name,), "u (city)")
        )

    assert found(named("City"), named("city")) == {
        "column:T.City:exists": "column T.City: is called city in the database, the models declare"
        " City; the definitions are the same; these follow from it: unique constraint T.uq, foreign"
        " key T.fk_u, foreign key u.fk, index T.ix, compression of T"
    }
    compared = compare(named("City"), named("city"), COMMUNITY)
    (finding,) = compared.findings.values()
    assert 'ALTER TABLE "T" RENAME COLUMN city TO "City" in a migration' in finding.hint
    assert finding.others == (
        "unique:T.uq:columns", "foreign_key:T.fk_u:columns", "foreign_key:u.fk:references",
        "index:T.ix:columns", "compression:T:order_by", "compression:T:segment_by",
    )  # fmt: skip
    alone, _ = split(compared.findings, compared.consequences)
    assert {key.id for key in alone} == {*finding.ids}


def test_a_difference_of_its_own_does_not_follow():
    def named(name, other, references="u (x)"):
        return (
            table("t", name)
            | table("u", "x")
            | one("unique", "t", "uq", columns=(name, other))
            | one("unique", "u", "uq_u", columns=("x", name))
            | key("t", "fk", (name,), references)
            | key("u", "fk", ("x",), f"t_{name} ({name})")
        )

    assert {*found(named("new", "a"), named("old", "b", "u (y)"))} == {
        "column:t.new:exists", "unique:t.uq:columns", "unique:u.uq_u:columns",
        "foreign_key:t.fk:references", "foreign_key:u.fk:references",
    }  # fmt: skip


def test_a_column_of_the_same_name_in_another_table_has_kept_its_name():
    def named(name):
        rest = table("u", "new", "old")
        return table("t", "x", name) | rest | key("u", "fk", (name,), "t (x)")

    assert {*found(named("new"), named("old"))} == {
        "column:t.new:exists",
        "foreign_key:u.fk:columns",
    }


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        (column("t", "a"), column("t", "b", "text")),
        (column("t", "a"), column("t", "b") | column("t", "c")),
        (column("t", "a") | column("t", "d"), column("t", "b")),
        (column("t", "a"), column("u", "b")),
        (table("v", "a"), table("w", "a")),
        (table("v", "a", "b"), table("w", "a", "c")),
        (table("v", "a", "b"), table("w", "a", "b") | table("x", "a", "b")),
    ],
)
def test_nothing_is_taken_for_another_where_there_is_a_doubt(expected, observed):
    rest = table("t") | table("u")
    messages = found(expected | rest, observed | rest)
    assert not any("is called" in message for message in messages.values())
    assert len(messages) > 1


def test_a_table_of_another_name():
    expected = table("s.Cities", "code", "name") | table("t", "city")
    observed = table("s.towns", "code", "name") | table("t", "city")
    expected |= key("t", "fk", references="s.Cities (code)")
    observed |= key("t", "fk", references="s.towns (code)")
    compared = compare(expected, observed, COMMUNITY)
    (finding,) = compared.findings.values()
    assert finding.message == (
        "table s.Cities: is called s.towns in the database, the models declare s.Cities; the"
        " columns are the same; these follow from it: foreign key t.fk"
    )
    assert 'Run ALTER TABLE s.towns RENAME TO "Cities" in a migration' in finding.hint


@pytest.mark.parametrize(
    ("declared", "there", "statements"),
    [
        ("cities", "old.cities", "ALTER TABLE old.cities SET SCHEMA (the default schema)"),
        ("s.cities", "cities", "ALTER TABLE cities SET SCHEMA s"),
        (
            "s.cities",
            "Old.towns",
            'ALTER TABLE "Old".towns SET SCHEMA s and ALTER TABLE s.towns RENAME TO cities',
        ),
    ],
)
def test_a_table_of_another_schema(declared, there, statements):
    expected, observed = (table(name, "code", "name") for name in (declared, there))
    (finding,) = compare(expected, observed, COMMUNITY).findings.values()
    assert f"Run {statements} in a migration" in finding.hint


def test_a_type_that_the_columns_of_foreign_keys_share():
    def typed(*types, last="city"):
        found = one("table", "a", persistence="permanent")
        for name, type_ in zip(("a", "b", "c", "d"), types, strict=True):
            found |= one("table", name, persistence="permanent") | column(name, "id", type_)
        found |= key("b", "fk", ("id",), "a (id)") | key("c", "fk", ("id",), "b (id)")
        # Two that refer to each other, and one that refers to itself.
        found |= key("a", "fk", ("id",), "c (id)") | key("a", "fk_a", ("id",), "a (id)")
        return found | one("unique", "d", last, columns=("id",))

    (first, last) = found(typed("int", "int", "int", "int"), typed("x", "x", "x", "x")).items()
    assert last == ("column:d.id:type", "column d.id: type is x, the models declare int")
    assert first[1].endswith("these follow from it: " + ", ".join(
        f"column {name}.id" for name in "abc" if f"column:{name}.id:type" != first[0]
    ))  # fmt: skip
    assert len(found(typed("int", "int", "int", "int"), typed("x", "y", "z", "int"))) == 3
    assert len(found(typed("int", "text", "int", "int"), typed("x", "x", "int", "int"))) == 2


def test_a_policy_of_compression_follows_from_compression():
    rest = one("table", "t", persistence="permanent") | one("hypertable", "t")
    policies = one("policy", "t", "compression") | one("policy", "t", "retention")
    expected = rest | one("compression", "t") | policies
    assert {*found(expected, rest)} == {"compression:t:exists", "policy:t.retention:exists"}


@pytest.mark.parametrize("type_of_column", ["timestamp", "timestamp with time zone"])
def test_the_type_of_the_time_follows_from_that_of_its_column(type_of_column):
    def made(of_column, of_time):
        return (
            table("t", "city")
            | column("t", "at", of_column)
            | one("hypertable", "t", time_column="at", time_type=of_time)
        )

    differing = found(made("timestamp", "timestamp"), made(type_of_column, "timestamptz"))
    follows = type_of_column != "timestamp"
    assert [*differing] == ["column:t.at:type" if follows else "hypertable:t:time_type"]


@pytest.mark.parametrize(
    ("value", "then"),
    [
        (("hash (hash, 4)", "hash (unit, 2)"), ("hash (sensor, 4)", "hash (unit, 2)")),
        (("bloom (unit, hash)", "minmax (hash2)"), ("bloom (unit, sensor)", "minmax (hash2)")),
        (("hash DESC NULLS FIRST", "hash"), ("sensor DESC NULLS FIRST", "sensor")),
        (("hash", "price (hash)", "hash (m)"), ("sensor", "price (hash)", "hash (m)")),
    ],
    ids=["partitions", "sparse indexes", "order", "names with brackets"],
)
def test_what_lists_a_renamed_column(value, then):
    """The column has the name of the kind of partitioning."""
    assert with_column(value, "hash", "sensor") == then


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (("s.t", "a"), ("s.u", "a"), "table:s.u:exists"),
        (("t", "a"), ("u", "a"), "table:u:exists"),
        (("s.t", "a"), ("s.t", "b"), "column:s.t.b:exists"),
        (("t", "a"), ("t", "b"), "column:t.b:exists"),
    ],
    ids=["table", "table of the default schema", "column", "column of a table of that schema"],
)
def test_a_view_of_what_has_another_name_follows(old, new, cause):
    def said(name, item, function="max"):
        relation = name if "." in name else f"public.{name}"
        scan = {"Alias": "r1", "CTE Name": relation, "Output": [f"r1.{item}"]}
        query = Query(json.dumps([[], {"Output": [f"{function}(r1.{item})"], "Plans": [scan]}]), "")
        view = one("view", "v", definition=query, columns=("b",))
        return table(name, "id", item) | view

    messages = found(said(*new), said(*old))
    assert [*messages] == [cause]
    assert messages[cause].endswith("these follow from it: view v")
    assert {*found(said(*new), said(*old, "min"))} == {cause, "view:v:definition"}


def test_what_lists_two_renamed_columns_follows_the_first():
    def said(time, item, *others):
        plan = [[], {"Output": [f"r1.{time}", f"r1.{item}"], "Plans": [
            {"Alias": "r1", "CTE Name": "public.t", "Output": []}]}]  # fmt: skip
        return (
            table("t", "id")
            | column("t", time, "timestamptz")
            | column("t", item, "text")
            | one("unique", "t", "uq", columns=(time, item, *others))
            | one("compression", "t", segment_by=(item,), order_by=(f"{time} DESC",))
            | one("view", "v", definition=Query(json.dumps(plan), ""), columns=("b",))
        )

    messages = found(said("at", "sensor"), said("time", "device"))
    assert {*messages} == {"column:t.at:exists", "column:t.sensor:exists"}
    assert "unique constraint t.uq" in messages["column:t.at:exists"]
    assert "view v" in messages["column:t.at:exists"]
    assert "compression of t" in messages["column:t.sensor:exists"]
    assert {*found(said("at", "sensor"), said("time", "device", "id"))} == {
        "column:t.at:exists", "column:t.sensor:exists", "unique:t.uq:columns",
    }  # fmt: skip


def test_a_view_with_a_column_of_another_name():
    def query(shown, relation, *outputs):
        scan = {"Alias": "r2", "CTE Name": relation, "Output": [*outputs]}
        root = {"Alias": "r0", "CTE Name": "conformance_query", "Output": [f"(ROW({shown}))"]}
        return Query(json.dumps([[], root | {"Plans": [scan]}], sort_keys=True), "")

    def said(name, minimum="min"):
        view = query(f"r0.a, r0.{name}", "public.t", "r2.a", f"{minimum}(r2.b)")
        return (
            one("materialized_view", "v", definition=view, columns=("a", "b"))
            | one("index", "v", "i", columns=(IndexColumn(name),))
            | one("view", "w", definition=query("r0.n", "public.v", f"r2.{name}"), columns=("n",))
        )

    (message,) = found(said("minimum"), said("bottom")).values()
    assert message == (
        "materialized view v: its column is called bottom in the database, the models declare"
        " minimum; the query is the same otherwise; these follow from it: view w, index v.i"
    )
    assert len(found(said("minimum"), said("bottom", "max"))) == 3

    def alone(name):
        return {
            key: value for key, value in said(name).items() if key.table == "v" and not key.name
        }

    (message,) = found(alone("minimum"), alone("bottom")).values()
    assert message.endswith("; the query is the same otherwise")
