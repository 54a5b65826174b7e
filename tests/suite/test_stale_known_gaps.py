"""The registry of known gaps is held to what the server does: a wrong entry is a finding."""

from __future__ import annotations

import pytest

from .projects import check, copied_project

#: A plugin of pytest that changes one entry of the registry.
CHANGE = """
from dataclasses import replace
from conformance import known_gaps
known_gaps.KNOWN_GAPS = tuple(
    replace(gap, {changes}) if gap.code == {code!r} else gap for gap in known_gaps.KNOWN_GAPS
)
"""


def checked(folder, code, changes):
    """The verdict on this entry of the registry, with these changes."""
    project = copied_project(folder)
    (project / "changed_registry.py").write_text(CHANGE.format(code=code, changes=changes))
    return check(project, "-k", f"test_known_gap[{code}]", "-p", "changed_registry")


def test_a_gap_that_is_there_is_named_with_its_ticket(tmp_path):
    code, verdict, _ = checked(tmp_path, "null-segment", "first='2.17'")
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", [])
    (item,) = verdict["not_checked"]
    assert "test_known_gap[null-segment]" in item["id"]
    assert "known gap timescaledb#10057 of TimescaleDB 2.23" in item["reason"]


def test_a_gap_that_does_not_exist_is_reported_as_healed(tmp_path):
    code, verdict, _ = checked(tmp_path, "prepared-limit", "first='2.17', last=None, "
                               "right_until=None, right_from=None")  # fmt: skip
    assert (code, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == "known_gap:timescaledb:prepared-limit"
    assert "does not show on TimescaleDB 2.23" in finding["message"]
    assert "Close it in conformance/known_gaps" in finding["hint"]


@pytest.mark.parametrize("code", ["update-of-a-segment", "insert-into-a-chunk"])
def test_a_gap_that_reaches_further_is_reported(tmp_path, code):
    code_of_exit, verdict, _ = checked(tmp_path, code, "last='2.20.3', right_from='2.22.0'")
    assert (code_of_exit, verdict["verdict"]) == (1, "differs")
    (finding,) = verdict["findings"]
    assert finding["id"] == f"known_gap:timescaledb:{code}"
    assert "which the registry only lists for 2.17 to 2.20.3" in finding["message"]


def test_a_version_that_nobody_has_looked_at_is_not_checked(tmp_path):
    code, verdict, _ = checked(tmp_path, "update-of-a-segment",
                               "last='2.20.3', right_from='2.28.0'")  # fmt: skip
    assert (code, verdict["findings"]) == (0, [])
    (item,) = verdict["not_checked"]
    assert "does not know whether TimescaleDB 2.23" in item["reason"]
    assert "the result here is wrong" in item["reason"]
