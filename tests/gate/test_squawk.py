"""squawk's advice, and where it is corrected or left out."""

from __future__ import annotations

import pytest

from conformance.gate import squawk
from conformance.gate.rules.hints import hint_for_scan
from conformance.gate.squawk import (
    SquawkUnavailable,
    Violation,
    find_violations,
    judge_squawk,
    normalize,
)

INDEX = Violation(
    "require-concurrent-index-creation", "Writes are blocked.", "Use `concurrently`.",
    "CREATE INDEX i ON curves (rate)",
)  # fmt: skip
RENAME = Violation("renaming-column", "May break clients.", "", "ALTER TABLE a RENAME b TO c")


def judged(*said, found=(), hypertables=()):
    return list(judge_squawk("2", said, found, hypertables))


def test_advice_for_a_plain_table_stays():
    (finding,) = judged(INDEX)
    assert finding.code == "squawk:require-concurrent-index-creation"
    assert finding.hint == "Use `concurrently`."
    assert finding.severity == "warning"


def test_a_hypertable_has_no_concurrently():
    (finding,) = judged(INDEX, hypertables={"curves"})
    assert "do not support CONCURRENTLY" in finding.hint
    assert "transaction_per_chunk" in finding.hint


def test_a_key_of_a_hypertable_takes_no_index_that_is_there():
    if squawk.find_executable() is None:
        pytest.skip("squawk is not installed")
    key = "ALTER TABLE {} ADD CONSTRAINT k PRIMARY KEY (a, at);"
    violations = find_violations([key.format("curves")], "17.5")
    assert "adding-serial-primary-key-field" in {item.rule for item in violations}
    hints = {finding.hint for finding in judged(*violations, hypertables={"curves"})}
    assert hints == {hint_for_scan(key.format("curves"), hypertable=True)}
    assert "cannot be added to a hypertable without a blocking lock" in hints.pop()
    plain = find_violations([key.format("doors")], "17.5")
    assert any("USING" in finding.hint for finding in judged(*plain, hypertables={"curves"}))
    assert judged(*plain, found={"lock-scan"}) == []


def test_chunk_by_chunk_is_right():
    chunkwise = Violation(
        INDEX.rule,
        INDEX.message,
        INDEX.hint,
        "CREATE INDEX i ON curves (r) WITH (timescaledb.transaction_per_chunk)",
    )
    assert judged(chunkwise, hypertables={"curves"}) == []


def test_what_the_gate_says_better_is_left_out():
    assert judged(INDEX, found={"lock-scan"}) == []
    assert len(judged(INDEX, found={"rewrite"})) == 1


def test_what_the_gate_has_seen_needs_no_guess():
    not_null = Violation(
        "adding-not-nullable-field", "Blocks.", "", "alter table a\n alter b set not null;"
    )
    seen = {normalize("ALTER TABLE a ALTER b SET NOT NULL")}
    assert list(judge_squawk("2", [not_null], (), (), seen)) == []
    assert len(judged(not_null)) == 1
    # What breaks clients is no guess.
    assert len(list(judge_squawk("2", [RENAME], (), (), {normalize(RENAME.statement)}))) == 1


def test_a_hypertable_is_reindexed_chunk_by_chunk():
    reindex = Violation("require-concurrent-reindex", "Blocks.", "Use it.", "REINDEX TABLE curves")
    (finding,) = judged(reindex, hypertables={"curves"})
    assert "show_chunks" in finding.hint


def test_one_finding_for_each_rule():
    (finding,) = judged(RENAME, RENAME)
    assert finding.message.endswith("(and 1 more)")
    assert "renaming-column" in finding.hint


def test_squawk_itself():
    if squawk.find_executable() is None:
        pytest.skip("squawk is not installed")
    script = [
        "CREATE TABLE a (b int);\n\n",
        "ALTER TABLE c\n RENAME d TO e;\n\n",
        "CREATE INDEX i ON c (e);",
    ]
    found = {item.rule: item.statement for item in find_violations(script, "17.5")}
    assert found["renaming-column"] == "ALTER TABLE c\n RENAME d TO e;"
    assert found["require-concurrent-index-creation"] == "CREATE INDEX i ON c (e);"


def test_nothing_to_say():
    assert find_violations([], "17.5") == []


def test_not_installed(monkeypatch):
    monkeypatch.setattr(squawk, "find_executable", lambda: None)
    with pytest.raises(SquawkUnavailable, match="not installed"):
        find_violations(["SELECT 1;"], "17.5")


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\necho no >&2; exit 3", "#!/bin/sh\necho '{'", "nonsense"]
)
def test_it_does_not_run_here(monkeypatch, tmp_path, script):
    program = tmp_path / "squawk"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setattr(squawk, "find_executable", lambda: str(program))
    with pytest.raises(SquawkUnavailable, match="does not run"):
        find_violations(["SELECT 1;"], "17.5")
