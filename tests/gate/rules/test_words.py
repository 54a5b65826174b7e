"""All that the rules say, word by word: words.txt has each case of cases.py and what is said of it.

After a change of words on purpose, `SAY_ANEW=1 pytest tests/gate/rules/test_words.py` writes the
file anew; the difference is for a reviewer to read.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .cases import CASES, HINTS

WORDS = Path(__file__).with_name("words.txt")


def in_words(finding) -> str:
    """Everything that a finding has."""
    where = f", statement {finding.statement}" if finding.statement else ""
    accepted = f"  (accepted: {finding.accepted})\n" if finding.accepted else ""
    return f"{finding.id} of {finding.revision}{where}\n  {finding.message}\n  {finding.hint}\n" + (
        accepted
    )


def said() -> dict[str, str]:
    found = {name: "".join(map(in_words, case())) or "(nothing)\n" for name, case in CASES.items()}
    return found | {name: f"{hint()}\n" for name, hint in HINTS.items()}


def recorded() -> dict[str, str]:
    parts = WORDS.read_text(encoding="utf-8").split("# ")[1:]
    return dict(part.rstrip("\n").split("\n", 1) for part in parts)


@pytest.fixture(scope="module", autouse=True)
def say_anew():
    if "SAY_ANEW" in os.environ:
        text = "\n".join(f"# {name}\n{words}" for name, words in said().items())
        WORDS.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_case(name):
    words = "".join(map(in_words, CASES[name]())) or "(nothing)\n"
    assert words.rstrip("\n") == recorded()[name]


@pytest.mark.parametrize("name", HINTS)
def test_what_is_advised(name):
    assert HINTS[name]() == recorded()[name]


def test_nothing_is_recorded_that_is_not_said():
    assert recorded().keys() == said().keys()
