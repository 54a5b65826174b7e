"""tests/survivors.toml names exactly the surviving mutants, each with a reason."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = """# conformance.a.x_judge__mutmut_3: survived
--- conformance/a.py
+++ conformance/a.py
@@ -1,3 +1,3 @@
 def judge(x):
-    if x > 0:
+    if x >= 0:
         return 1
"""


@pytest.fixture(scope="module")
def mutants():
    specification = importlib.util.spec_from_file_location("mutants", ROOT / ".ci" / "mutants.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["mutants"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["mutants"]


@pytest.mark.parametrize(
    ("mutant", "function"),
    [
        ("conformance.a.x_judge__mutmut_3", "conformance.a.judge"),
        ("conformance.a.x__judge__mutmut_31", "conformance.a._judge"),
        ("conformance.a.xǁIntervalǁparse__mutmut_1", "conformance.a.Interval.parse"),
        ("conformance.a.xǁIntervalǁ__str____mutmut_1", "conformance.a.Interval.__str__"),
    ],
)
def test_the_function_of_a_mutant(mutants, mutant, function):
    assert mutants.function_of(mutant) == function


def test_a_survivor_is_known_by_its_lines_not_by_its_number(mutants):
    survivor = mutants.survivor_of("conformance.a.x_judge__mutmut_3", SHOWN)
    assert survivor == mutants.Survivor("conformance.a.judge", "if x > 0:", "if x >= 0:")
    assert survivor == mutants.survivor_of("conformance.a.x_judge__mutmut_9", SHOWN)


def test_what_is_printed_can_be_put_into_the_file(mutants):
    survivor = mutants.survivor_of("conformance.a.x_judge__mutmut_3", SHOWN)
    with pytest.raises(SystemExit, match="has no reason"):
        mutants.read_named(str(survivor))
    assert mutants.read_named(str(survivor).replace('""', '"It is never 0."')) == [survivor]


def test_new_survivors_and_those_that_are_caught_now(mutants):
    one, two = (mutants.Survivor("f", "a", after) for after in "bc")
    assert mutants.complaints([one, two], [two, one]) == []
    assert mutants.complaints([one], []) == [f"# no test notices:\n{one}"]
    assert mutants.complaints([], [two]) == [f"# is caught now:\n{two}"]
    # The same change, twice in a function.
    assert mutants.complaints([one, one], [one]) == [f"# no test notices:\n{one}"]


CAUGHT, LIVES = "conformance.a.x_f__mutmut_1", "conformance.b.x_g__mutmut_1"


@pytest.fixture
def commands(mutants, monkeypatch, tmp_path):
    """What mutmut is told, in a project where it has run before; one mutant lives."""
    told = []

    def mutmut(*arguments, **_):
        told.append(arguments)
        return f"    {CAUGHT}: killed\n    {LIVES}: survived\n"

    monkeypatch.setattr(mutants, "mutmut", mutmut)
    monkeypatch.setattr(mutants, "MUTANTS", tmp_path / "mutants")
    (tmp_path / "mutants" / "tests").mkdir(parents=True)
    return told


def runs(commands):
    return [arguments for arguments in commands if arguments[0] == "run"]


def test_a_run_starts_from_nothing(mutants, commands):
    found = mutants.run(again=False, options=["--max-children=1"], patterns=[])
    assert found == {CAUGHT: "killed", LIVES: "survived"}
    assert runs(commands) == [("run", "--max-children=1")]
    assert not mutants.MUTANTS.exists()


def test_run_again_it_tries_what_lived(mutants, commands):
    mutants.run(again=True, options=[], patterns=[])
    assert runs(commands) == [("run",), ("run", LIVES)]
    # The tests are those of now.
    assert not (mutants.MUTANTS / "tests").exists()
    assert mutants.MUTANTS.exists()


def test_a_part_is_judged_alone(mutants, commands):
    for again in (True, False):
        assert mutants.run(again=again, options=[], patterns=["*.b.*"]) == {LIVES: "survived"}
    assert runs(commands) == [("run", "*.b.*")] * 2


def test_every_survivor_of_the_file_has_its_reason(mutants):
    named = mutants.read_named((ROOT / "tests" / "survivors.toml").read_text(encoding="utf-8"))
    assert len(named) == len(set(named))
