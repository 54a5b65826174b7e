"""What everybody has, whoever made the object."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, Detail, FactKey
from conformance.comparing.privileges import usual, usual_future


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
