"""A reader that is gone does not change the exit code; a full disk ends with exit code 2."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.process.printing import without_commands

PROJECT = Path(__file__).parents[2]
#: Prints a report of many lines, as the commands do, and exits with the code given.
SHOW = """
import sys
from rich.console import Console
from conformance.process.printing import printing
with printing():
    for line in range(20_000):
        Console(soft_wrap=True).print(f"{line} a line of a report")
sys.exit(int(sys.argv[1]))
"""


def ended(output, code):
    return subprocess.run(
        [sys.executable, "-c", SHOW, str(code)], cwd=PROJECT, stdout=output,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("code", [0, 1])
def test_a_reader_that_has_gone(code):
    reading, writing = os.pipe()
    os.close(reading)
    done = ended(writing, code)
    os.close(writing)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_room_for_it():
    with Path("/dev/full").open("w") as full:
        done = ended(full, 0)
    assert done.returncode == 2
    assert done.stderr == ("conformance: The result cannot be printed: No space left on device.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_json_that_finds_no_room():
    audit = ["audit", "postgresql://u@127.0.0.1:1/d", "--json", "-"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *audit], cwd=PROJECT, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "cannot be printed: No space left on device." in done.stderr


@pytest.mark.parametrize(
    ("encoding", "printed"), [("ascii", "\\u2717 na\\xefve"), ("latin-1", "\\u2717 naïve")]
)
def test_an_encoding_without_the_characters(tmp_path, encoding, printed):
    """It is not a verdict that a name cannot be printed."""
    page = tmp_path / "print.py"
    page.write_text(
        "from conformance.cli import main\n"
        "@main.command('show')\n"
        "def show(): print('\u2717 na\xefve')\n"
        "main(['show'])\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, page], cwd=PROJECT, capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert (done.returncode, done.stdout.decode(encoding).strip()) == (0, printed)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain :: text\n", "plain :: text\n"),
        ("::error::x\n  ::add-path::y\n", ": :error::x\n  : :add-path::y\n"),
        ("a\r::error::x", "a\n: :error::x"),
        ("##[error]x\n# a comment\n", "# #[error]x\n# a comment\n"),
        (":::x", ": ::x"),
    ],
)
def test_in_a_workflow_no_line_is_a_command(text, printed):
    """GitHub's runner takes a line for a command, whatever has printed it."""
    stream = io.StringIO()
    guarded = without_commands(stream, {"GITHUB_ACTIONS": "true"})
    guarded.write(text)
    assert stream.getvalue() == printed
    assert guarded.isatty() is False
    assert without_commands(stream, {}) is stream
