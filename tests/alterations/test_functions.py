"""Functions and procedures: by signature, what a call may expect, and a digest of the body."""

from __future__ import annotations

import pytest

from conformance.comparing.bodies import digest_of
from conformance.declarations import Function, Procedure

BODY = "SELECT x + 1"
CREATE = f"CREATE FUNCTION next_of(x int) RETURNS int LANGUAGE sql IMMUTABLE AS '{BODY}'"
NAME = "next_of(integer)"
NEXT = {"language": "sql", "returns": "int", "volatility": "immutable", "body": BODY}


@pytest.mark.parametrize(
    "declared",
    [
        Function("next_of(int)"),
        Function("next_of(integer)", body=BODY),
        Function("next_of(x int4 DEFAULT 7)", digest=digest_of(BODY)),
        Function("next_of(IN x integer)", body=f"\n    {BODY}\n\n"),
        Function("next_of(int)", **NEXT, strict=False, security="invoker", settings=()),
        Function("next_of(int)", returns="int4", schema="public"),
    ],
)
def test_a_declared_function(database, declared):
    database.execute(CREATE)
    metadata = database.requiring(declared)
    database.expect((), metadata)


@pytest.mark.parametrize(
    ("sql", "attributes"),
    [
        ("SELECT 1", {"exists"}),
        (CREATE.replace("next_of", "other"), {"exists"}),
        (CREATE.replace("x int", "x bigint"), {"exists"}),
        (CREATE.replace("+ 1", "+ 2"), {"body"}),
        (CREATE.replace("IMMUTABLE", "STABLE"), {"volatility"}),
        (CREATE.replace("IMMUTABLE", ""), {"volatility"}),
        (CREATE.replace("RETURNS int", "RETURNS bigint"), {"returns"}),
        (CREATE.replace("RETURNS int", "RETURNS SETOF int"), {"returns"}),
        (CREATE.replace("IMMUTABLE", "IMMUTABLE STRICT"), {"strict"}),
        (CREATE.replace("IMMUTABLE", "IMMUTABLE SECURITY DEFINER"), {"security"}),
        (CREATE.replace("IMMUTABLE", "IMMUTABLE SET search_path = attic"), {"settings"}),
        (
            "CREATE FUNCTION next_of(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
            " AS 'BEGIN RETURN x + 1; END'",
            {"language", "body"},
        ),
    ],
)
def test_a_declared_function_altered(database, sql, attributes):
    database.execute(sql)
    declared = Function("next_of(int)", **NEXT, strict=False, security="invoker", settings=())
    findings = {f"function:{NAME}:{attribute}" for attribute in attributes}
    database.expect(findings, database.requiring(declared))


def test_what_is_not_declared_is_not_judged(database):
    database.execute(CREATE.replace("IMMUTABLE", "SECURITY DEFINER"))
    database.expect((), database.requiring(Function("next_of(int)", body=BODY)))


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("ALTER FUNCTION next_of SECURITY DEFINER", "security is definer"),
        ("ALTER FUNCTION next_of SET search_path = attic", "settings are (search_path=attic)"),
        ("ALTER FUNCTION next_of VOLATILE", "volatility is volatile"),
        ("ALTER FUNCTION next_of STRICT", "strict is yes"),
        ("CREATE ROLE test_heir; ALTER FUNCTION next_of OWNER TO test_heir", "owner is test_heir"),
        ("REVOKE EXECUTE ON FUNCTION next_of FROM PUBLIC", "executable by public is no"),
        ("ALTER FUNCTION next_of PARALLEL SAFE COST 7", "planner is parallel safe, cost 7"),
        (CREATE.replace("CREATE", "CREATE OR REPLACE").replace("x int", "x int DEFAULT 3"),
         "defaults is 3"),
        (f"DROP FUNCTION next_of; {CREATE.replace('RETURNS int', 'RETURNS bigint')}",
         "returns is bigint"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_named(database, sql, named):
    """A change of what a call means is at least in the verdict."""
    database.execute(CREATE)
    metadata = database.requiring(Function("next_of(int)", body=BODY))
    (before,) = database.compare(metadata).seen
    assert named not in before.reason
    database.execute(sql)
    database.expect((), metadata)
    (after,) = database.compare(metadata).seen
    assert (after.kind, after.object) == ("function", NAME)
    assert named in after.reason
    assert after.reason.endswith(", which no model declares")


def test_an_undeclared_function_is_seen_with_its_digest_and_its_users(database):
    database.execute(CREATE)
    database.execute("ALTER TABLE instruments ADD CHECK (next_of(id) > 0) NOT VALID")
    (seen,) = (item for item in database.compare().seen if item.kind == "function")
    assert seen.object == NAME
    assert seen.reason == (
        f"sql, body {digest_of(BODY)}, used by constraint instruments_id_check on table instruments"
    )


def test_overloads_are_functions_of_their_own(database):
    database.execute(CREATE)
    database.execute(CREATE.replace("x int", "x text").replace("x + 1", "7"))
    database.expect((), database.requiring(Function("next_of(int)"), Function("next_of(text)")))
    compared = database.compare(database.requiring(Function("next_of(text)")))
    assert [item.object for item in compared.seen] == [NAME, "next_of(text)"]


@pytest.mark.parametrize(
    ("sql", "attributes"),
    [
        ("CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1'", set()),
        ("CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 2'", {"body"}),
        ("CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN END'", {"body"}),
        ("CREATE FUNCTION tidy() RETURNS int LANGUAGE sql AS 'SELECT 1'", {"exists"}),
        ("CREATE PROCEDURE tidy(x int) LANGUAGE sql AS 'SELECT 1'", {"exists"}),
    ],
)
def test_a_declared_procedure(database, sql, attributes):
    database.execute(sql)
    findings = {f"procedure:tidy():{attribute}" for attribute in attributes}
    database.expect(findings, database.requiring(Procedure("tidy()", body="SELECT 1")))


def test_a_body_without_quotes(database):
    """PostgreSQL keeps it parsed, and spells it anew."""
    database.execute("CREATE FUNCTION two() RETURNS int LANGUAGE sql RETURN 1 + 1")
    (seen,) = database.compare().seen
    digest = seen.reason.removeprefix("sql, body ")
    database.expect((), database.requiring(Function("two()", digest=digest)))
    database.execute("CREATE OR REPLACE FUNCTION two() RETURNS int LANGUAGE sql RETURN 1 + 2")
    database.expect({"function:two():body"}, database.requiring(Function("two()", digest=digest)))
