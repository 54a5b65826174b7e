"""What everybody has, whoever made the object."""

from __future__ import annotations

import pytest

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.facts import EXISTS, Detail, FactKey
from conformance.comparing.privileges import usual


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
    ],
)
def test_what_everybody_has_of_future_objects(expected, observed, found):
    observed = {FactKey("table", "t", "", EXISTS): True, **observed}
    kept = dict(observed)
    compared = compare({FactKey("table", "t", "", EXISTS): True, **expected}, observed,
                       Capabilities(community_edition=True))  # fmt: skip
    assert [key.attribute for key in compared.findings] == found
    assert observed == kept
    assert compared.accounted == compare({}, kept, Capabilities()).accounted
