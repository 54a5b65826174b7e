"""What everybody has, whoever made the object."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, Detail, FactKey, OwnedBy, Owner, Privileges
from conformance.comparing.privileges import of_owners, usual, usual_future


@pytest.mark.parametrize(
    ("granted_on", "role", "privileges"),
    [
        ("database", "PUBLIC", ("connect", "temporary")),
        ("schema public", "PUBLIC", ("usage",)),
        ("function one(integer, text)", "PUBLIC", ("execute",)),
        ("curves", "PUBLIC", ()),
        ("foreign server nowhere", "PUBLIC", ()),
        ("database", "reader", ()),
    ],
)
def test_what_a_role_usually_has(granted_on, role, privileges):
    assert usual(granted_on, role) == privileges


def _future(on, words, role="PUBLIC"):
    key = FactKey("default_privilege", on, role, EXISTS)
    without = Detail("without execute", judged=False)
    return {key: True if words else without, key._replace(attribute="privileges"): words}


ROLES = {"desk", "chief in desk", "head of desk"}
FUNCTIONS, HERE = "functions of desk", "functions of desk in public"


@pytest.mark.parametrize(
    ("expected", "observed", "found"),
    [
        (_future(FUNCTIONS, ("execute",)), {}, []),
        (_future(HERE, ("execute",)), {}, []),
        (_future("types of desk", ("usage",)), _future(FUNCTIONS, ()), []),
        (_future(FUNCTIONS, ("execute",)), _future("functions of other", ()), []),
        (_future(FUNCTIONS, ("execute",)), _future(FUNCTIONS, ()), ["privileges"]),
        (_future(HERE, ("execute",)), _future(FUNCTIONS, ()), [EXISTS]),
        (_future(FUNCTIONS, ("execute",), "reader"), {}, [EXISTS]),
        (_future("tables of desk", ("select",)), {}, [EXISTS]),
        (_future("functions of nobody", ("execute",)), {}, [EXISTS]),
        (_future("types of nobody in public", ("usage",)), {}, [EXISTS]),
        (_future("types of desk in chief", ("usage",)), {}, []),
        (_future("types of chief in desk in public", ("usage",)), {}, []),
        (
            _future("types of chief in desk in public", ("usage",)),
            _future("types of chief in desk", ()),
            [EXISTS],
        ),
        (_future("types of head of desk", ("usage",)), {}, []),
        (_future("types of chief of desk", ("usage",)), {}, [EXISTS]),
        (_future("functions of desk", ("execute", "more")), {}, ["privileges"]),
    ],
)
def test_what_everybody_has_of_future_objects(expected, observed, found):
    expected = {FactKey("table", "t", "", EXISTS): True, **expected}
    observed = {FactKey("table", "t", "", EXISTS): True, **observed}
    completed = {**observed, **usual_future(expected, observed, ROLES)}
    compared = compare(expected, completed, Capabilities(community_edition=True))
    assert [key.attribute for key in compared.findings] == found
    assert compared.accounted == compare({}, observed, Capabilities()).accounted


GRANTED = FactKey("privilege", "curves", "desk", "privileges")
OWNER = FactKey("table", "curves", "", "owner")
ITS_OWN = {OWNER: OwnedBy("desk"), GRANTED: Privileges(("select",), ())}


@pytest.mark.parametrize("kind", ["table", "view", "materialized_view", "continuous_aggregate"])
@pytest.mark.parametrize("granted_on", ["curves", "curves (rate)"])
def test_an_owner_has_what_is_declared_without_a_grant(kind, granted_on):
    owner, granted = OWNER._replace(kind=kind), GRANTED._replace(table=granted_on)
    expected = {owner: OwnedBy("desk"), granted: Privileges(("insert", "select"), ("delete",))}
    found = of_owners(expected, {owner: Owner("desk", "chief")}, {})
    exists = granted._replace(attribute=EXISTS)
    assert found == {exists: "insert, select", granted: ("insert", "select")}
    assert (found[exists].judged, found[exists].part) == (False, True)


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        (ITS_OWN, {}),
        (ITS_OWN, {OWNER: "desk"}),
        (ITS_OWN, {OWNER: Owner("chief", "chief")}),
        (ITS_OWN, {OWNER: Owner("desk", "chief"), GRANTED._replace(attribute=EXISTS): True}),
        (ITS_OWN | {OWNER: OwnedBy("chief")}, {OWNER: Owner("desk", "chief")}),
        (ITS_OWN | {OWNER: "desk"}, {OWNER: Owner("desk", "chief")}),
        (ITS_OWN | {GRANTED: ("select",)}, {OWNER: Owner("desk", "chief")}),
        # The first kind that has an owner decides.
        (
            ITS_OWN | {OWNER._replace(kind="view"): OwnedBy("desk")},
            {OWNER: Owner("chief", "chief"), OWNER._replace(kind="view"): Owner("desk", "chief")},
        ),
    ],
)
def test_what_no_owner_has(expected, observed):
    assert of_owners(expected, observed, {"schema desk": "chief"}) == {}


def test_what_follows_what_is_not_an_owner_s_is_found():
    other = GRANTED._replace(kind="default_privilege")
    expected = {other: Privileges(("select",), ()), **ITS_OWN}
    assert GRANTED in of_owners(expected, {OWNER: Owner("desk", "desk")}, {})


def test_an_owner_of_a_schema():
    granted = FactKey("privilege", "schema desk", "chief", "privileges")
    expected = {granted: Privileges(("create",), ())}
    assert granted in of_owners(expected, {}, {"schema desk": "chief"})
    assert of_owners(expected, {}, {"schema desk": "desk", "schema other": "chief"}) == {}
