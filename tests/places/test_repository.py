"""Paths from the root of the repository."""

from __future__ import annotations

import pytest

from conformance.comparing.places import Place
from conformance.places.repository import place_in


def _at(line):
    return Place("app/versions/7.py", line)


@pytest.mark.parametrize(
    ("sentence", "place"),
    [
        (
            "Revision 7 (versions/7.py, line 6) fails: (x, line 0) Error.",
            _at(6),
        ),
        ("env.py ({folder}/versions/7.py, line 2) fails.", _at(2)),
        (
            "The module (no.py, line 1) imports (versions/7.py, line 3).",
            _at(3),
        ),
        ("The library (/usr/lib/x.py, line 3) fails.", None),
        ("The server does not answer.", None),
    ],
)
def test_a_sentence_names_a_place(tmp_path, sentence, place):
    folder = tmp_path / "app"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "7.py").touch()
    assert place_in(sentence.format(folder=folder), tmp_path, folder) == place
