"""Whether the process that left something behind still runs."""

from __future__ import annotations

import os
import re

import pytest

from conformance.process.identity import certainly_gone, this_process


def test_this_process_lives() -> None:
    assert not certainly_gone(this_process())


def test_a_reused_number_is_another_process() -> None:
    assert certainly_gone(re.sub(r"\d+$", "1", this_process()))


def test_a_number_reused_by_another_user_is_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not certainly_gone(this_process())
    assert certainly_gone(re.sub(r"\d+$", "1", this_process()))


@pytest.mark.parametrize("identity", ["", "other-boot/1/1", "x/y/z", "/", "{place}/{huge}/1"])
def test_what_cannot_be_known_counts_as_alive(identity: str) -> None:
    place = this_process().partition("/")[0]
    assert not certainly_gone(identity.format(place=place, huge=10**30))
