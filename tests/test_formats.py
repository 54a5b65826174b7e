"""`--format`: the findings of a command as annotations, where a reviewer reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.cli import main
from tests.click_runner import CliRunner

PROJECT = Path(__file__).parents[1]
INTERVAL = "SELECT set_chunk_time_interval('market_data', INTERVAL '7 days')"


@pytest.fixture(scope="module")
def database(conformance_engine, schema_template):
    """A migrated database with two differences, one of a hostile name."""
    with conformance_engine.database(schema_template) as url:
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.execute(text(INTERVAL))
            connection.execute(text('CREATE TABLE "a\n::error::%0A<script>|" (x int)'))
        yield url.render_as_string(hide_password=False)


def run(*arguments):
    result = CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def line_of(words, file="models/market_data.py"):
    lines = (PROJECT / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def test_github(database):
    code, out, err = run("audit", database, "--format", "github")
    assert code == 1
    # The report for people goes to the other stream, which the workflow's log shows as well.
    assert "Verdict: differs" in err
    commands = out.splitlines()
    assert len(commands) == 2
    line = line_of("Hypertable(")
    assert any(
        command.startswith(
            f"::error file=models/market_data.py,line={line},"
            "title=hypertable%3Amarket_data%3Achunk_interval::hypertable market_data: chunk"
        )
        for command in commands
    )
    assert any(
        "title=table%3Aa%0A%3A%3Aerror%3A%3A%250A<script>|%3Aexists::" in c for c in commands
    )


def test_in_a_workflow_no_line_of_the_report_is_a_command(database, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for arguments in ((), ("--format", "sarif"), ("--json", "-")):
        _, out, err = run("audit", database, *arguments)
        report = err if arguments else out
        assert ": :error::%0A<script>|" in report
        assert not re.search(r"(?m)^\s*(::|##\[)", report)


def test_gitlab(database):
    code, out, _ = run("audit", database, "--format", "gitlab")
    assert code == 1
    issues = {issue["description"].partition(",")[0]: issue for issue in json.loads(out)}
    assert issues["hypertable market_data: chunk interval is 7 days"]["location"] == {
        "path": "models/market_data.py", "lines": {"begin": line_of("Hypertable(")},
    }  # fmt: skip


def test_sarif_into_a_file(database, tmp_path):
    file = tmp_path / "reports" / "conformance.sarif"
    code, out, err = run("audit", database, "--format", "sarif", "--output", file)
    assert (code, err) == (1, "")
    assert "Verdict: differs" in out
    (sarif,) = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert {result["ruleId"] for result in sarif["results"]} == {"hypertable", "table"}
    rules = {rule["id"]: rule for rule in sarif["tool"]["driver"]["rules"]}
    assert rules["hypertable"]["help"]["markdown"].startswith("# hypertable\n")
    assert sarif["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]


def test_a_page_has_an_address_where_one_is_given(database, monkeypatch):
    monkeypatch.setenv("CONFORMANCE_PAGES", "https://example.org/blob/v1/")
    _, out, _ = run("audit", database, "--format", "sarif")
    (sarif,) = json.loads(out)["runs"]
    assert {rule["helpUri"] for rule in sarif["tool"]["driver"]["rules"]} == {
        "https://example.org/blob/v1/conformance/pages/checks.md#hypertable",
        "https://example.org/blob/v1/conformance/pages/checks.md#table",
    }


def test_both_json_and_annotations(database, tmp_path):
    _, out, _ = run("audit", database, "--format", "gitlab", "--json", tmp_path / "verdict.json")
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert len(json.loads(out)) == len(verdict["findings"]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--output", "x"), "--output needs --format: github, gitlab, sarif."),
        (("--format", "github", "--json", "-"), "Give one of them a file"),
        (("--format", "gitlb"), "is not one of 'github', 'gitlab', 'sarif'"),
    ],
)
def test_options_that_contradict(arguments, words):
    code, _, err = run("audit", "postgresql://u@h/d", *arguments)
    assert code == 2
    assert words in err


@pytest.mark.parametrize("format_", ["github", "gitlab", "sarif"])
def test_without_a_verdict(format_):
    code, out, err = run("audit", "nonsense", "--format", format_)
    assert code == 2
    assert "cannot be read" in out
    assert err.startswith("conformance: The database URL cannot be read.")


def test_a_file_that_cannot_be_written(database, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(
        "audit", database, "--format", "gitlab", "--output", tmp_path / "file" / "x.json"
    )
    assert code == 2
    assert "cannot be written" in err
