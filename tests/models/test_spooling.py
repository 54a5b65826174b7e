"""A spool returns the same items in every iteration."""

from __future__ import annotations

import pytest

from models import spooling
from models.spooling import Spool

ITEMS = [("a", {"b": "ä\U0001f600"}), (), ("x" * 1000, {})]


@pytest.mark.parametrize("most", [10, 10_000_000], ids=["on disk", "in memory"])
def test_items_come_back(monkeypatch, most):
    monkeypatch.setattr(spooling, "MOST_IN_MEMORY", most)
    with Spool(iter(ITEMS)) as spool:
        assert list(spool) == list(spool) == ITEMS
        assert next(iter(spool)) == ITEMS[0]
        assert list(spool) == ITEMS


def test_nothing():
    with Spool(()) as spool:
        assert list(spool) == []


def test_an_error_on_the_way_leaves_no_file_open():
    def failing():
        yield 1
        raise LookupError

    with pytest.raises(LookupError):
        Spool(failing())


def test_a_full_disk_is_told(monkeypatch):
    monkeypatch.setattr(spooling, "MOST_IN_MEMORY", 10)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(OSError, match="/nowhere"):
        Spool(["more than ten bytes"])
