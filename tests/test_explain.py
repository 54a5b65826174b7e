"""`conformance explain`: the page of a finding, in a terminal and in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from conformance.cli import main
from conformance.comparing.facts import KINDS
from conformance.gate.evidence.codes import CODES
from tests.click_runner import CliRunner


def explain(*arguments):
    result = CliRunner().invoke(main, ["explain", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_page(code):
    done = explain(code)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"# `{code}`\n\n{CODES[code].title} ")
    assert "\n## How to accept it\n" in done.stdout


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(CODES)))
def test_every_kind_of_fact_has_its_section(kind):
    done = explain(kind)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"# {kind}\n\n")
    assert "\n## " not in done.stdout
    assert len(done.stdout.splitlines()) > 2


@pytest.mark.parametrize(
    ("finding", "heading"),
    [
        ("lock-held:0002:market_data", "# `lock-held`"),
        ("hypertable:market_data:chunk_interval", "# hypertable"),
        ("squawk:ban-drop-column:0002", "# `squawk:ban-drop-column`"),
        ("check:test_up_down_consistency", "# Migrations"),
        ("check:test_a_batch_is_whole_or_not_there[curves]", "# Faults"),
        ("check:test_results.ck_test_results_value:exists", "# check"),
        ("migration:alembic:alembic_check", "# Migrations"),
        ("rows:signals:insert_new_keeps_the_first", "# Rows"),
        ("sessions:curves:writers_take_turns", "# Sessions"),
        ("faults:curves:batches_survive", "# Faults"),
        ("known_gap:timescaledb:bloom-and-collation", "# Known gaps"),
    ],
)
def test_the_id_of_a_finding_will_do(finding, heading):
    assert explain(finding).stdout.startswith(f"{heading}\n")


def test_a_rule_of_squawk_leads_to_its_own_page():
    assert "https://squawkhq.com/docs/ban-drop-column" in explain("squawk:ban-drop-column").stdout


def test_without_a_code_all_of_them_are_listed():
    shown = explain().stdout
    assert [code for code in CODES if f"`{code}`" not in shown] == []


def test_links_to_files_are_words():
    """What they lead to is not installed; an address is."""
    shown = explain("lock-held").stdout
    assert "Example:\nexamples/migrations/hold_lock." in shown
    assert "](" not in shown
    assert "[squawk](https://squawkhq.com/docs/rules)" in explain().stdout


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("lock-hold", "Did you mean lock-held?"),
        ("hypertables", "Did you mean hypertable?"),
        ("downgrad", "Did you mean downgrade?"),
        ("Xyz", "Run conformance explain for a list."),
        ("../README", "Run conformance explain for a list."),
    ],
)
def test_an_unknown_code(code, way):
    done = explain(code)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == f"conformance: No finding has the code {code!r}. {way}\n"


def test_a_terminal_gets_it_laid_out():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "conformance", "explain", "lock-held"]
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, "TERM": "xterm"}) as process:
        os.close(theirs)
        shown = b""
        while part := read(ours):
            shown += part
    os.close(ours)
    assert process.returncode == 0
    assert b"lock-held" in shown
    assert b"# `lock-held`" not in shown
    assert b"\x1b[" in shown


def read(terminal):
    """What comes next; nothing once the other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
