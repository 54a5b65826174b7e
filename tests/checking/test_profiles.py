"""A profile sets the number of examples, the seed chooses them, the cache keeps failing ones."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentTypeError
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from conformance.checking.options import _reader
from conformance.checking.profiles import (
    FIXED_SEED,
    PROFILES,
    SHRINKING_SECONDS,
    generation_of,
    tell_worker,
)
from conformance.process.cache import CACHE_VARIABLE
from conformance.project.configuration import KEYS
from conformance.strategies.drawing import drawing

PROJECT = Path(__file__).parents[2]


def configured(tmp_path, *, workerinput=None, **options):
    """As much of pytest's configuration as is asked for."""
    config = SimpleNamespace(
        stash=pytest.Stash(),
        rootpath=tmp_path,
        getoption=lambda name, **_: options.get(name),
    )
    if workerinput is not None:
        config.workerinput = workerinput
    return config


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawn(generation, *, test="a test", fails=False):
    """What is tried, in order."""
    tried = []

    @generation.settings_for(test)
    @generation.seeded
    @given(st.lists(st.integers()))
    def example(numbers):
        tried.append(numbers)
        assert not (fails and sum(numbers) > 1000)

    with drawing(), pytest.raises(AssertionError) if fails else nullcontext():
        example()
    return tried


@pytest.mark.parametrize("profile", PROFILES)
def test_a_failing_example_is_made_simpler_only_for_so_long(tmp_path, monkeypatch, capsys, profile):
    generation = generation_of(configured(tmp_path, conformance_profile=profile))
    assert SHRINKING_SECONDS[profile] <= (300 if profile == "nightly" else 2)

    def tried_within(seconds):
        monkeypatch.setitem(SHRINKING_SECONDS, profile, seconds)
        with generation.running():
            return drawn(generation, test=f"a test of {seconds} s", fails=True)

    at_once, in_time = tried_within(0), tried_within(300)
    assert in_time[-1] == [1001]
    assert len(at_once) < len(in_time)
    # What was found is told, even if it is not the simplest.
    assert sum(at_once[-1]) > 1000
    assert not capsys.readouterr().out


def test_no_failure_is_explained(tmp_path):
    """Hypothesis would trace every line of what it tries after the first failure."""
    phases = generation_of(configured(tmp_path)).settings_for("a test").phases
    assert set(phases) == set(Phase) - {Phase.explain}


def test_the_profile_says_how_many(tmp_path):
    for profile in ("quick", "thorough"):
        generation = generation_of(configured(tmp_path, conformance_profile=profile))
        assert len(drawn(generation)) == PROFILES[profile]
        assert generation.seed == FIXED_SEED
    wanted = generation_of(configured(tmp_path, conformance_examples=3))
    assert len(drawn(wanted)) == wanted.examples({"quick": 100}) == 3


def test_the_same_seed_draws_the_same(tmp_path):
    def drawn_from(seed):
        return drawn(generation_of(configured(tmp_path, conformance_seed=seed)))

    assert drawn_from(None) == drawn_from(FIXED_SEED) == drawn_from(None)
    assert drawn_from(7) == drawn_from(7) != drawn_from(8)
    assert drawn_from(0) != drawn_from(None)


def test_modules_that_happen_to_be_loaded_change_nothing(tmp_path, monkeypatch):
    generation = generation_of(configured(tmp_path, conformance_profile="thorough"))
    before = drawn(generation)
    path = tmp_path / "constants.py"
    path.write_text("\n".join(f"C{number} = {number}" for number in range(200_000, 200_100)))
    monkeypatch.syspath_prepend(tmp_path)
    __import__("constants")
    assert drawn(generation) == before


def test_nightly_draws_anew(tmp_path):
    nightly = {"conformance_profile": "nightly"}
    seeds = {generation_of(configured(tmp_path, **nightly)).seed for _ in range(5)}
    assert len(seeds) == 5
    config = configured(tmp_path, **nightly)
    assert generation_of(config) is generation_of(config)
    told = {}
    tell_worker(config, told)
    worker = configured(tmp_path, workerinput=told, **nightly)
    assert generation_of(worker) == generation_of(config)


def test_what_failed_is_tried_first(tmp_path):
    generation = generation_of(configured(tmp_path, conformance_profile="thorough"))
    smallest = drawn(generation, fails=True)[-1]
    assert sum(smallest) == 1001
    other_seed = generation_of(configured(tmp_path, conformance_seed=7))
    assert drawn(other_seed, fails=True)[0] == smallest
    assert drawn(other_seed, test="another")[0] != smallest
    elsewhere = generation_of(configured(tmp_path / "another project", conformance_seed=7))
    assert drawn(elsewhere)[0] != smallest


def test_what_is_healed_is_forgotten(tmp_path):
    generation = generation_of(configured(tmp_path, conformance_profile="thorough"))
    before = drawn(generation)
    smallest = drawn(generation, fails=True)[-1]
    assert drawn(generation)[0] == smallest
    # Hypothesis keeps some of the larger ones, too, and tries a few of them each time.
    for _ in range(10):
        drawn(generation)
    assert drawn(generation) == before


@pytest.mark.parametrize("made", [False, True], ids=["no folder", "a read-only one"])
def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, cache, made):
    if made:
        generation_of(configured(tmp_path))
        monkeypatch.setattr("os.access", lambda *_: False)
    else:
        cache.write_text("a file")
    generation = generation_of(configured(tmp_path))
    assert generation.kept is None
    first = drawn(generation, fails=True)
    assert drawn(generation, fails=True) == first


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_what_is_no_number_of_examples(number):
    with pytest.raises(ArgumentTypeError) as refused:
        _reader(KEYS["examples"])(number)
    assert f"{number!r} must be a whole number of at least 1" in str(refused.value)


def test_pytest_says_what_is_no_number_of_examples():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conformance.pytest_plugin",
         "--conformance-examples=0"],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "'0' must be a whole number of at least 1" in done.stderr
    assert "Traceback" not in done.stderr
