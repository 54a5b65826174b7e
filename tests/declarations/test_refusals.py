"""All words with which a declaration is refused: refusals.txt has each of them.

After an intended change of words, `SAY_ANEW=1 pytest tests/declarations/test_refusals.py` writes
the file again. A reviewer reads the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.declarations import DeclarationError

from . import (
    test_declarations,
    test_entities,
    test_functions,
    test_objects,
    test_policies,
    test_privileges,
    test_storage,
    test_triggers,
    test_views,
)

WORDS = Path(__file__).with_name("refusals.txt")
WRONG = {**test_declarations.WRONG, **test_views.WRONG}
NUMBERED = (
    test_entities,
    test_functions,
    test_objects,
    test_policies,
    test_privileges,
    test_storage,
    test_triggers,
)
REFUSED = {name: build for name, (build, _) in WRONG.items()} | {
    f"{module.__name__.rpartition('test_')[2]} {number}": build
    for module in NUMBERED
    for number, build in enumerate(module.REFUSED, 1)
}


def refusal(name):
    with pytest.raises(DeclarationError) as raised:
        REFUSED[name]()
    return str(raised.value)


def recorded():
    parts = WORDS.read_text(encoding="utf-8").split("# ")[1:]
    return dict(part.rstrip("\n").split("\n", 1) for part in parts)


@pytest.fixture(scope="module", autouse=True)
def say_anew():
    if "SAY_ANEW" in os.environ:
        text = "\n".join(f"# {name}\n{refusal(name)}\n" for name in REFUSED)
        WORDS.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", REFUSED)
def test_the_words_of_a_refusal(name):
    assert refusal(name) == recorded()[name]


def test_nothing_is_recorded_that_is_not_refused():
    assert recorded().keys() == REFUSED.keys()
