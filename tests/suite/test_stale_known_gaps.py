"""The registry of known gaps is held to what the server does: a wrong entry is a finding."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from conformance.known_gaps import gap
from conformance.process.cache import CACHE_VARIABLE
from conformance.suite.test_known_gaps import Answers

from .projects import check, copied_project

#: A plugin of pytest that changes entries of the registry.
CHANGE = """
from dataclasses import replace
from conformance import known_gaps
changes = {changes!r}
known_gaps.KNOWN_GAPS = tuple(
    replace(gap, **changes.get(gap.code, {{}})) for gap in known_gaps.KNOWN_GAPS
)
"""


def checked(folder, changes):
    """The verdict on the entries of the registry that are changed."""
    project = copied_project(folder)
    (project / "changed_registry.py").write_text(CHANGE.format(changes=changes))
    selected = " or ".join(f"test_known_gap[{code}]" for code in changes)
    return check(project, "-k", selected, "-p", "changed_registry")


def test_what_the_registry_has_wrong_is_reported(tmp_path):
    reaching = {"last": "2.20.3", "right_from": "2.22.0"}
    always = {"first": "2.17", "last": None, "right_until": None, "right_from": None}
    code, verdict, _ = checked(
        tmp_path,
        {
            "null-segment": {"first": "2.17"},
            "prepared-limit": always,
            "update-of-a-segment": reaching,
            "insert-into-a-chunk": reaching,
        },
    )
    assert (code, verdict["verdict"]) == (1, "differs")
    # A gap that is there is named with its ticket.
    (item,) = verdict["not_checked"]
    assert "test_known_gap[null-segment]" in item["id"]
    assert "known gap timescaledb#10057 of TimescaleDB 2.23" in item["reason"]
    found = {finding["id"]: finding for finding in verdict["findings"]}
    healed = found.pop("known_gap:timescaledb:prepared-limit")
    assert "does not show on TimescaleDB 2.23" in healed["message"]
    assert "close the gap in conformance/known_gaps" in healed["hint"]
    # A project can do nothing about it, and its checks pass.
    assert healed["severity"] == "warning"
    assert found.keys() == {
        f"known_gap:timescaledb:{code}" for code in ("update-of-a-segment", "insert-into-a-chunk")
    }
    for finding in found.values():
        assert "which the registry only lists for 2.17 to 2.20.3" in finding["message"]


def test_a_version_that_nobody_has_looked_at_is_not_checked(tmp_path):
    changes = {"update-of-a-segment": {"last": "2.20.3", "right_from": "2.28.0"}}
    code, verdict, _ = checked(tmp_path, changes)
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", [])
    (item,) = verdict["not_checked"]
    assert "does not know whether TimescaleDB 2.23" in item["reason"]
    assert item["reason"].endswith("; this server shows it")


class Counted:
    """An engine that counts its databases."""

    def __init__(self, engine, build):
        self.server, self.build = engine.server, build
        self._engine, self.databases = engine, 0

    def database(self, template):
        self.databases += 1
        return self._engine.database(template)


def number(engine, asked):
    with ExitStack() as stack:
        return Answers(engine, stack).number(asked)


def test_a_build_is_asked_once(conformance_engine, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    engine = Counted(conformance_engine, "a build")
    null_segment = gap("null-segment")
    first = number(engine, null_segment)
    assert first != null_segment.right
    assert (number(engine, replace(null_segment, first="2.19")), engine.databases) == (first, 1)
    number(engine, replace(null_segment, query="SELECT 7"))
    number(Counted(conformance_engine, "a build"), null_segment)
    assert engine.databases == 2
    other = Counted(conformance_engine, "another build")
    assert (number(other, null_segment), other.databases) == (first, 1)


def test_a_server_that_may_be_another_one_is_asked_each_time(conformance_engine):
    engine = Counted(conformance_engine, None)
    asked = replace(gap("null-segment"), setup=(), query="SELECT 7")
    assert [number(engine, asked), number(engine, asked), engine.databases] == [7, 7, 2]
