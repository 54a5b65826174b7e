"""Functions and procedures: what is said of them, and what contradicts itself."""

from __future__ import annotations

import pytest

from conformance.declarations import Function, Procedure
from conformance.declarations.signatures import Signature

DIGEST = "sha256:" + "0123456789abcdef" * 4
UNSAID = dict.fromkeys(
    ("body", "digest", "language", "returns", "volatility", "strict", "security", "settings",
     "schema")
) | {"written": "total(x int)", "definition": ""}  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        {"body": "SELECT 1", "language": "sql", "returns": "integer", "schema": "tools"},
        {"digest": DIGEST, "volatility": "immutable", "strict": True, "security": "definer"},
        {"body": "", "volatility": "stable", "strict": False, "security": "invoker"},
        {"volatility": "volatile", "settings": ()},
        {},
    ],
)
@pytest.mark.parametrize("kind", [Function, Procedure])
def test_what_is_not_said_is_not_judged(kind, said):
    signature = {"signature": Signature("total", ("integer",))}
    assert vars(kind("total(x int)", **said)) == {**UNSAID, **signature, **said}


def test_settings_have_no_order():
    settings = Function("f()", settings=["work_mem=4MB", "search_path=public"]).settings
    assert settings == ("search_path=public", "work_mem=4MB")


#: What is refused; the words are in refusals.txt.
REFUSED = (
    lambda: Function("next_of"),
    lambda: Procedure("tidy"),
    lambda: Function("f(int)", body="", digest=DIGEST),
    lambda: Procedure("f()", digest="md5:1"),
    lambda: Function("f()", digest=f"{DIGEST}0"),
    lambda: Function("f()", volatility="calm"),
    lambda: Function("f()", security="tight"),
)
