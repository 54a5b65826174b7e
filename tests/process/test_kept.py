"""A result is computed once for each key; a cache that cannot be used is no error."""

from __future__ import annotations

import pytest

from conformance.process.cache import CACHE_VARIABLE
from conformance.process.kept import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def never():
    raise AssertionError("it is kept")


def test_it_is_made_once_for_each_key():
    assert kept("odd", "one", lambda: [1]) == [1]
    assert kept("odd", "one", never) == [1]
    assert kept("odd", "two", lambda: [2]) == [2]
    assert kept("even", "one", lambda: [3]) == [3]


def test_a_damaged_file_is_made_anew(folder):
    kept("odd", "one", lambda: [1])
    (file,) = (folder / "odd").iterdir()
    file.write_text("{")
    assert kept("odd", "one", lambda: [2]) == [2]
    assert kept("odd", "one", never) == [2]


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    folder.write_text("a file in its place")
    assert kept("odd", "one", lambda: [1]) == [1]


def test_only_the_newest_are_kept(folder):
    for number in range(4):
        kept("odd", str(number), lambda number=number: number, most=2)
    assert len(list((folder / "odd").iterdir())) == 2
