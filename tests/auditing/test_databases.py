"""The databases that an audit is asked about: how they are written, and what they are called."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conformance.auditing.databases import Database, databases_of
from conformance.auditing.several import audit_several
from conformance.cli import main
from conformance.comparing.verdict import EngineUsed, Verdict
from conformance.errors import ConformanceError, EngineUnavailable
from tests.click_runner import CliRunner

PROJECT = Path(__file__).parents[2]
DESK = "postgresql://reader:secret@db.example.com/desk"


@pytest.fixture
def listed(tmp_path):
    """`listed(text)`: the databases of a file."""

    def read(text):
        file = tmp_path / "databases.txt"
        file.write_text(text, encoding="utf-8")
        return databases_of((), str(file))

    return read


def test_a_line_is_a_url_or_a_name_and_a_url(listed):
    assert listed(
        f"# all of them\n\n{DESK}\n  production =  {DESK}  \nstaging={DESK}?sslmode=require\n"
        "two words = postgres:///x\n"
    ) == (
        Database("desk at db.example.com:5432", DESK),
        Database("production", DESK),
        Database("staging", f"{DESK}?sslmode=require"),
        Database("two words", "postgres:///x"),
    )


def test_a_url_with_a_query_has_no_name(listed):
    """The equals sign belongs to the query."""
    url = "postgresql://reader@/desk?host=/run/postgresql&sslmode=require"
    assert listed(url) == (Database("desk at /run/postgresql", url),)


def test_a_wrong_url_is_named_after_its_line(listed):
    """Its password may be anywhere."""
    assert [item.name for item in listed("nonsense:secret\npostgresql://u:se@cret@h/d")] == [
        "databases.txt, line 1", "databases.txt, line 2",
    ]  # fmt: skip
    assert [item.name for item in databases_of(["nonsense:secret", DESK], None)] == [
        "URL 1", "desk at db.example.com:5432",
    ]  # fmt: skip


def test_a_name_is_on_one_line():
    (database,) = databases_of(["postgresql://h/a\n::error::b"], None)
    assert database.name == "a ::error::b at h:5432"


def test_the_command_line_comes_first(listed, tmp_path):
    listed(f"production = {DESK}\n")
    found = databases_of([DESK], str(tmp_path / "databases.txt"))
    assert [item.name for item in found] == ["desk at db.example.com:5432", "production"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n\n", "names no database"),
        (f"a = {DESK}\na = {DESK}\n", "2 databases are named 'a'"),
        (f"{DESK}\n{DESK}\n", "2 databases are named 'desk at db.example.com:5432'"),
    ],
)
def test_what_is_wrong_with_a_file(listed, text, words):
    with pytest.raises(ConformanceError) as caught:
        listed(text)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name a database: URL, or --databases FILE."),
        (("--databases", "nowhere.txt"), "nowhere.txt cannot be read: No such file"),
        (("--databases", "."), ". cannot be read: Is a directory"),
        ((DESK, f"{DESK}2", "--write-baseline", "x"), "A baseline is of one database"),
        ((DESK, "--against", DESK, "--write-baseline", "x"), "A baseline is of one database"),
        ((DESK, f"{DESK}2", "--sizes", "x"), "--sizes is of one database"),
        ((DESK, "--jobs", "0"), "0 is not in the range x>=1"),
    ],
)
def test_what_the_command_refuses(arguments, words):
    done = CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert "secret" not in done.stderr


# At the same time.

CONFORMS = Verdict(EngineUsed("url", "server"))


def databases(number):
    return [Database(f"d{n}", "") for n in range(number)]


def test_no_more_at_a_time_than_asked_for():
    running, most, lock = 0, 0, threading.Lock()

    def audit(_database):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return CONFORMS

    steps = []
    audits = audit_several(databases(20), audit, jobs=3, progress=steps.append)
    assert most == 3
    assert [item.name for item in audits.databases] == [f"d{n}" for n in range(20)]
    assert steps[0] == "audited 0 of 20 databases"
    assert (audits.verdict, audits.exit_code) == ("conforms", 0)


def test_an_error_of_one_is_its_verdict():
    def audit(database):
        if database.name == "d1":
            raise EngineUnavailable("Nothing listens.", "Start it.")
        if database.name == "d2":
            raise ZeroDivisionError("odd")
        return CONFORMS

    audits = audit_several(databases(4), audit, jobs=2)
    reasons = [item.verdict.could_not_run for item in audits.databases]
    assert reasons[0] is reasons[3] is None
    assert reasons[1] == "Nothing listens. Start it."
    assert reasons[2].startswith("Ended by ZeroDivisionError: odd at ")
    assert (audits.verdict, audits.exit_code) == ("could_not_run", 2)


def test_an_interruption_does_not_wait():
    """The progress callback raises where a signal was received."""
    released = threading.Event()

    def progress(_step):
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        audit_several(databases(4), lambda _: released.wait(30), jobs=4, progress=progress)
    assert time.monotonic() - started < 5
    released.set()


def test_ctrl_c_ends_the_command_at_once():
    """While all connections wait for servers that do not answer."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql://u:secret@127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "conformance", "audit",
             *(f"{address}/{name}?connect_timeout=60" for name in "abc")],
            cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A shell in the background starts its commands with SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )  # fmt: skip
        with silent.accept()[0]:
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=50)
    assert (process.returncode, out) == (2, "")
    assert "conformance: Interrupted." in err
    assert "secret" not in err
    assert time.monotonic() - started < 30
