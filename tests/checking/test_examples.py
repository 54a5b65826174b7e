"""Failing examples: stored locally, and read from a made-up artifact of a workflow."""

from __future__ import annotations

import warnings
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from conformance.checking.examples import OfTest, _shared, database_for, trouble_with
from conformance.checking.profiles import Generation
from conformance.process.cache import CACHE_VARIABLE
from conformance.suite.trials import Trial

SHARED = "owner/repository"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    _shared.cache_clear()
    yield tmp_path / "cache"
    _shared.cache_clear()


def downloaded(cache, examples, *, age=timedelta(0)):
    """An artifact as GitHub packs it: the content of a folder of examples, without the folder."""
    folder = cache / "shared-examples" / SHARED
    folder.mkdir(parents=True)
    moment = (datetime.now(UTC) - age).isoformat().replace(":", "_")
    with zipfile.ZipFile(folder / f"{moment}.zip", "w") as archive:
        for path in sorted(examples.rglob("*")):
            archive.write(path, path.relative_to(examples))


def tried(generation, *, test="a test", fails=False):
    """What the first example is, and whether it fails."""
    seen = []

    @generation.settings_for(test)
    @generation.seeded
    @given(st.integers(0, 10**9))
    def example(number):
        seen.append(number)
        assert not (fails and number > 1000)

    if fails:
        with pytest.raises(AssertionError):
            example()
    else:
        example()
    return seen


def test_what_a_workflow_found_is_tried_first_here(tmp_path, cache):
    there = tmp_path / "there"
    assert tried(Generation("quick", 5, None, there), fails=True)[-1] == 1001
    downloaded(cache, there)
    here = Generation("quick", 7, None, tmp_path / "here", SHARED)
    assert trouble_with(SHARED) == ""
    assert here.has_failed("a test")
    assert not here.has_failed("another")
    assert tried(here, fails=True)[0] == 1001
    # Of another test, and where nothing is shared, it is nobody's.
    assert tried(here, test="another", fails=True)[0] != 1001
    assert tried(Generation("quick", 7, None, tmp_path / "else"))[0] != 1001


def test_a_property_that_holds_again_holds_in_every_later_run(tmp_path):
    """Hypothesis forgets an example that passes, and then has none to try."""
    generation = Generation("quick", 1, None, tmp_path / "kept")

    def run(most):
        def small(batch):
            assert all(row <= most for row in batch)

        rows = st.lists(st.integers(0, 10**9), min_size=1)
        Trial(generation, "rows of t", rows, small).run(lambda: None)

    with pytest.raises(AssertionError):
        run(1000)
    assert generation.has_failed("rows of t")
    for _ in range(3):
        run(10**9)
    with pytest.raises(AssertionError):
        run(1000)


def test_what_fails_only_for_many_examples_at_once(tmp_path):
    """No example fails alone, so that Hypothesis has nothing to shrink."""

    def few(batch):
        assert len(batch) < 4, f"{len(batch)} rows"

    generation = Generation("quick", 5, None, tmp_path)
    trial = Trial(generation, "rows:few", st.lists(st.integers(), min_size=1, max_size=2), few)
    with pytest.raises(AssertionError, match="rows"):
        trial.run(undo=lambda: None)
    # As few of them as it takes.
    assert len(trial.last) == 4


def test_nothing_is_written_to_what_is_shared(tmp_path, cache):
    there = tmp_path / "there"
    tried(Generation("quick", 5, None, there), fails=True)
    downloaded(cache, there)
    (artifact,) = (cache / "shared-examples" / SHARED).iterdir()
    before = artifact.read_bytes()
    here = Generation("quick", 7, None, tmp_path / "here", SHARED)
    tried(here, fails=True)
    # Once it passes, it is forgotten here, and still there.
    for _ in range(3):
        assert tried(here)[0] == 1001
    assert artifact.read_bytes() == before


def test_without_a_folder_of_its_own(tmp_path, cache):
    there = tmp_path / "there"
    tried(Generation("quick", 5, None, there), fails=True)
    downloaded(cache, there)
    assert tried(Generation("quick", 7, None, None, SHARED), fails=True)[0] == 1001
    assert database_for("a test", None, "") is None
    assert not Generation("quick", 7, None, None).has_failed("a test")


def offline(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("urllib.request.urlopen", fail)


@pytest.mark.parametrize(
    ("repository", "token", "trouble"),
    [
        (SHARED, "", "GITHUB_TOKEN is not set"),
        ("repository", "secret", "'repository' is not owner/repository"),
        ("owner/", "secret", "'owner/' is not owner/repository"),
    ],
)
def test_what_keeps_it_from_being_asked(tmp_path, monkeypatch, repository, token, trouble):
    offline(monkeypatch)
    monkeypatch.setenv("GITHUB_TOKEN", token)
    assert trouble_with(repository) == trouble
    assert tried(Generation("quick", 7, None, tmp_path / "here", repository))


@pytest.mark.parametrize("age", [None, timedelta(days=9)], ids=["none", "an old one"])
def test_an_artifact_that_cannot_be_had_fails_no_test(tmp_path, monkeypatch, cache, age):
    from urllib.error import URLError

    there = tmp_path / "there"
    tried(Generation("quick", 5, None, there), fails=True)
    if age is not None:
        downloaded(cache, there, age=age)

    def fail(*_, **__):
        raise URLError("no route")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    here = Generation("quick", 7, None, tmp_path / "here", SHARED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert trouble_with(SHARED).startswith("Could not connect to GitHub")
        assert (tried(here, fails=True)[0] == 1001) is (age is not None)


def test_a_cache_that_cannot_be_written(cache):
    cache.write_text("a file")
    assert "Not a directory" in trouble_with(SHARED)
    assert tried(Generation("quick", 7, None, None, SHARED))


def test_each_test_has_its_own_examples(tmp_path):
    folder = DirectoryBasedExampleDatabase(tmp_path)
    one, other = OfTest(folder, "one"), OfTest(folder, "other")
    one.save(b"key", b"1")
    other.save(b"key", b"2")
    assert (list(one.fetch(b"key")), list(other.fetch(b"key"))) == ([b"1"], [b"2"])
    one.move(b"key", b"second", b"1")
    assert (list(one.fetch(b"key")), list(one.fetch(b"second"))) == ([], [b"1"])
    one.delete(b"second", b"1")
    assert list(one.fetch(b"second")) == []
    assert list(other.fetch(b"key")) == [b"2"]
