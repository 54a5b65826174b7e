"""What no model declares: what of it is a finding, and what the verdict says of the rest."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, OBJECTS, Detail, FactKey
from conformance.comparing.findings import Seen
from conformance.comparing.seen import accounted, is_never_judged, is_part, is_seen, seen_of

COMMUNITY = Capabilities(community_edition=True)
PART = Detail("of an extension", part=True)


def there(kind, table, name=""):
    """The key that says that an object is there."""
    return FactKey(kind, table, name, EXISTS)


def compared(expected, observed):
    """The ids of the findings, and what is seen."""
    outcome = compare(expected, observed, COMMUNITY)
    return {key.id for key in outcome.findings}, list(outcome.seen)


@pytest.mark.parametrize(
    ("value", "part", "excused"),
    [
        (PART, True, True),
        (Detail("a function"), False, False),
        (Detail("a function", judged=True), False, False),
        (Detail("a function", judged=False), False, True),
        (True, False, False),
        (None, False, False),
    ],
)
def test_what_goes_with_another_object_and_what_no_declaration_makes_a_finding(
    value, part, excused
):
    assert (is_part(value), is_never_judged(value)) == (part, excused)


@pytest.mark.parametrize(
    ("kind", "attribute", "value", "seen"),
    [
        *((kind, EXISTS, True, True) for kind in OBJECTS),
        ("extension", EXISTS, True, True),
        ("privilege", EXISTS, "select", True),
        ("default_privilege", EXISTS, "select", True),
        ("table", EXISTS, True, False),
        ("trigger", EXISTS, True, False),
        # What goes with another object is never a finding; else the object says it of itself.
        ("table", EXISTS, PART, True),
        ("setting", EXISTS, Detail("work_mem", judged=False), True),
        ("setting", EXISTS, Detail("row_security", judged=True), False),
        ("function", EXISTS, Detail("used by a default", judged=True), False),
        ("function", EXISTS, Detail("a function"), True),
        # Of how a table is kept, what decides plans.
        ("storage", "fillfactor", "70", True),
        ("storage", "parallel_workers", "4", False),
    ],
)
def test_what_is_seen_and_no_finding(kind, attribute, value, seen):
    assert is_seen(FactKey(kind, "x", "", attribute), value) is seen


def test_an_object_is_one_sentence_whatever_is_known_of_it():
    one, two = there("function", "one()"), there("schema", "attic")
    facts = {
        two: True,
        one: Detail("sql, body 1"),
        one._replace(attribute="volatility"): "stable",
        FactKey("storage", "t", "", "fill_factor"): 70,
    }
    assert list(seen_of(facts, facts)) == [
        Seen("function", "one()", "sql, body 1"),
        Seen("schema", "attic", "the models do not use this schema; its objects were not checked"),
        Seen("storage", "t", "fill factor is 70, which no model declares"),
    ]


def test_what_has_no_existence_is_a_sentence_each():
    parameters = [FactKey("storage", "t", "", name) for name in ("fillfactor", "parallel_workers")]
    facts = dict(zip(parameters, (70, 4), strict=True))
    assert list(seen_of(facts, facts)) == [
        Seen("storage", "t", "fillfactor is 70, which no model declares"),
        Seen("storage", "t", "parallel workers is 4, which no model declares"),
    ]


def commented(table, name, text):
    """The facts of a comment in a database."""
    key = there("comment", table, name)
    return {key: Detail(text, part=True), key._replace(attribute="text"): text}


@pytest.mark.parametrize(
    ("table", "comment", "said"),
    [
        ("t", "in  feet", "in feet"),
        ("t", "long " * 99, "long " * 10 + "long..."),
        # Of a table without declared comments.
        ("u", "in feet", None),
    ],
)
def test_a_comment_is_named_beside_declared_ones(table, comment, said):
    key, text = there("comment", "t"), FactKey("comment", "t", "", "text")
    declared = {there("table", "t"): True, there("table", "u"): True, key: True, text: "x"}
    present = {**declared, **commented("t", "", "x"), **commented(table, "b", comment)}
    found, seen = compared(declared, present)
    assert not found
    named = Seen("comment", f"{table}.b", f"'{said}', which no model declares")
    assert seen == ([named] if said else [])


def test_a_comment_is_named_where_it_is_said_to_be_there():
    facts = commented("t", "b", "in feet")
    named = [Seen("comment", "t.b", "'in feet', which no model declares")]
    assert [list(seen_of({key}, facts, {"t"})) for key in facts] == [named, []]


def test_what_stands_beside_declared_comments_is_no_comment():
    column = there("column", "t", "b")
    assert list(seen_of({column}, {column: True}, {"t"})) == list(seen_of({column}, {column: True}))


def test_causes_are_told_before_their_consequences():
    facts = {there("aggregate", "a(integer)"): True, there("function", "f()"): Detail("sql")}
    assert [item.object for item in seen_of(facts, facts)] == ["f()", "a(integer)"]


def test_only_what_is_asked_for_is_told_and_what_has_no_detail_has_no_reason():
    one, two = there("language", "one"), there("language", "two")
    assert list(seen_of({two}, {one: True, two: True})) == [Seen("language", "two", "")]


def test_what_goes_with_another_object_is_not_told():
    part, own = there("function", "a()"), there("function", "b()")
    attribute = part._replace(attribute="volatility")
    facts = {part: PART, attribute: "stable", own: Detail("sql")}
    assert list(seen_of(facts, facts)) == [Seen("function", "b()", "sql")]


def test_a_role_is_one_sentence_for_what_it_may_do():
    readers = {there("privilege", table, "reader"): "select" for table in "fedcba"}
    five = {there("privilege", table, "other"): "select" for table in "edcba"}
    facts = {
        **readers,
        **five,
        there("privilege", "t", "reader"): "insert",
        FactKey("privilege", "t", "reader", "privileges"): ("insert",),
        there("privilege", "u", "reader"): PART,
        there("default_privilege", "tables", "reader"): "select",
        there("language", "c"): True,
    }
    assert list(seen_of(facts, facts)) == [
        Seen("language", "c", ""),
        Seen("privilege", "other", "select on a, b, c, d, e"),
        Seen("privilege", "reader", "select on a, b, c, d, e and 1 more"),
        Seen("privilege", "reader", "insert on t"),
        Seen("default_privilege", "reader", "select on tables"),
    ]


def test_how_many_objects_there_are_of_each_kind():
    facts = {
        there("trigger", "t", "a"): True,
        there("function", "a()"): Detail("sql"),
        there("function", "b()"): Detail("sql"),
        there("function", "c()"): PART,
        FactKey("function", "a()", "", "volatility"): "stable",
        FactKey("storage", "t", "", "fillfactor"): 70,
    }
    assert list(accounted(facts).items()) == [("function", 2), ("trigger", 1)]


def test_every_undeclared_object_is_seen_or_found_whatever_the_models_declare():
    functions = {there("function", f"f{number}()"): Detail("sql") for number in range(30)}
    tables = {there("table", f"t{number}"): True for number in range(30)}
    promised = {there("table", f"p{number}"): True for number in range(30)}
    findings, seen = compared(promised, {**functions, **tables})
    assert findings == {key.id for key in (*tables, *promised)}
    assert len(seen) == len(functions)


def test_an_undeclared_object_is_seen_as_a_whole():
    """Its attributes are no findings of their own."""
    function = there("function", "f()")
    facts = {function: Detail("sql"), function._replace(attribute="volatility"): "stable"}
    assert compared({}, facts) == (set(), [Seen("function", "f()", "sql")])


def test_an_undeclared_object_is_found_as_a_whole():
    function = there("function", "f()")
    volatility = function._replace(attribute="volatility")
    facts = {
        function: Detail("used by a check", judged=True),
        volatility: Detail("x", judged=False),
    }
    assert compared({}, facts) == ({"function:f():exists"}, [])


def test_what_is_undeclared_of_a_declared_object_is_judged_by_itself():
    table = there("storage", "t")
    parameters = {
        table._replace(attribute="fillfactor"): "70",
        table._replace(attribute="parallel_workers"): "4",
    }
    assert compared({table: True}, {table: True, **parameters}) == (
        {"storage:t:parallel_workers"},
        [Seen("storage", "t", "fillfactor is 70, which no model declares")],
    )


def test_what_decides_about_the_object_decides_nothing_about_its_attributes():
    function = there("function", "f()")
    facts = {
        function: Detail("used by a check", judged=True),
        function._replace(attribute="volatility"): "stable",
        function._replace(attribute="strict"): "yes",
    }
    assert compared({function: True}, facts) == (
        set(),
        [Seen("function", "f()", "strict is yes, volatility is stable, which no model declares")],
    )


def test_what_is_several_things_has_its_verb():
    table = there("table", "t")
    bounds = table._replace(attribute="partitions")
    assert compared({table: True}, {table: True, bounds: Detail("DEFAULT", judged=False)}) == (
        set(),
        [Seen("table", "t", "partitions are DEFAULT, which no model declares")],
    )


def test_an_attribute_of_no_object_is_judged_by_itself():
    """How a table is kept is no object that is there."""
    key = FactKey("storage", "t", "", "parallel_workers")
    assert compared({}, {key: "4"}) == ({"storage:t:parallel_workers"}, [])
    unusual = key._replace(kind="setting")
    assert compared({}, {unusual: Detail("4", judged=False)})[0] == set()


def test_of_a_role_that_the_models_speak_of_they_declare_everything():
    granted = there("privilege", "t", "reader")
    more = {there("privilege", f"u{number}", "reader"): "select" for number in range(30)}
    others = {there("privilege", f"u{number}", "other"): "select" for number in range(30)}
    findings, seen = compared({granted: "select"}, {granted: "select", **more, **others})
    assert findings == {key.id for key in more}
    assert [(item.kind, item.object) for item in seen] == [("privilege", "other")]


@pytest.mark.parametrize("excuse", [PART, Detail("of a chunk", judged=False)])
def test_what_is_never_judged_is_no_finding_even_of_such_a_role(excuse):
    granted, own = there("privilege", "t", "reader"), there("privilege", "chunk", "reader")
    attribute = own._replace(attribute="privileges")
    facts = {granted: "select", own: excuse, attribute: ("select",)}
    assert compared({granted: "select"}, facts)[0] == set()


def test_a_name_of_another_kind_is_no_role_that_the_models_speak_of():
    declared = FactKey("column", "t", "reader", EXISTS)
    granted = there("privilege", "t", "reader")
    assert compared({declared: True}, {declared: True, granted: "select"}) == (
        set(),
        [Seen("privilege", "reader", "select on t")],
    )


def test_a_role_makes_no_finding_of_an_object_that_has_its_name():
    granted = there("privilege", "t", "reader")
    column = FactKey("extension", "x", "reader", EXISTS)
    findings, seen = compared({granted: "select"}, {granted: "select", column: True})
    assert (findings, [item.kind for item in seen]) == (set(), ["extension"])
