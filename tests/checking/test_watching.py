"""`conformance check --watch`: checks again after each change, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conformance.checking import watching
from conformance.checking.watching import GLANCE, QUIET, Watch, snapshot
from conformance.cli import main
from conformance.project.configuration import Configuration
from tests.click_runner import CliRunner
from tests.suite.projects import PROJECT, copied_project


def watch(folder, *events):
    """A watch of the folder; the first events happen while it sleeps, one each time."""
    waited = []
    happening = list(events)

    def sleep(seconds):
        waited.append(seconds)
        if happening:
            happening.pop(0)()
        elif len(waited) > 50:
            raise TimeoutError

    made = Watch((folder,), sleep)
    made.look()
    return made, waited


def writing(path, text):
    def write():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    return write


def nothing():
    pass


def test_what_is_watched(tmp_path):
    for name in ("models.py", "a/b.sql", "alembic.ini", ".env", "notes.md", ".git/x.py",
                 "tests/t.py", "build/b.py"):  # fmt: skip
        writing(tmp_path / name, "x")()
    assert {path.relative_to(tmp_path).as_posix() for path in snapshot([tmp_path])} == {
        "models.py", "a/b.sql", "alembic.ini", ".env",
    }  # fmt: skip


def test_a_project_without_migrations_is_watched(tmp_path):
    project = Configuration(folder=str(tmp_path), alembic_ini="none")
    assert Watch.of(project).folders == (tmp_path.resolve(),)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: writing(folder / "models.py", "another"),
        lambda folder: writing(folder / "new.py", "x"),
        lambda folder: (folder / "models.py").unlink,
        lambda folder: lambda: os.utime(folder / "models.py", (1, 1)),
    ],
    ids=["written", "created", "deleted", "touched"],
)
def test_a_change_is_noticed(tmp_path, change):
    (tmp_path / "models.py").write_text("x")
    made, waited = watch(tmp_path, nothing, nothing, change(tmp_path))
    (changed,) = made.wait()
    assert changed.suffix == ".py"
    assert waited == [GLANCE, GLANCE, GLANCE, QUIET]


def test_several_changes_are_one(tmp_path):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    made, waited = watch(tmp_path, *(writing(one, "x" * n) for n in range(5)), writing(two, "x"))
    assert made.wait() == [one, two]
    assert waited == [GLANCE, *[QUIET] * 6]


def test_what_changes_back_is_no_change(tmp_path):
    made, _ = watch(
        tmp_path, writing(tmp_path / "swap.py", "x"), (tmp_path / "swap.py").unlink,
    )  # fmt: skip
    assert made.wait() == []


def test_a_change_ends_the_check_that_runs(tmp_path, monkeypatch):
    made, _ = watch(tmp_path)
    told = []
    step = watching._until_a_change(made, told.append)
    (tmp_path / "models.py").write_text("x")
    # The files are not looked at each time.
    step("one")
    monkeypatch.setattr(watching, "GLANCE", 0)
    with pytest.raises(watching._Changed):
        step("two")
    step("three")
    assert told == ["one", "two", "three"]


def test_other_options_do_not_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(copied_project(tmp_path))
    for others in (["--write-baseline", "b.json"], ["--format", "github"]):
        done = CliRunner().invoke(main, ["check", "--watch", *others])
        assert done.exit_code == 2
        assert "--watch writes neither a baseline nor annotations." in done.stderr


class Watching:
    """The command in a project; its lines arrive as they are printed."""

    def __init__(self, project, marker, *arguments):
        environment = {**os.environ, **marker, "PYTHONPATH": f"{project}{os.pathsep}{PROJECT}"}
        environment["PYTHONUNBUFFERED"] = "1"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "conformance", "check", "--watch", "--engine", "embedded",
             *arguments],
            cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
            # A shell that starts tests in the background lets them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )  # fmt: skip
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def wait(self, text, after=0):
        end = time.monotonic() + 240
        while not any(text in line for line in self.lines[after:]):
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < end, self.lines
            time.sleep(0.1)

    def interrupt(self):
        """Ctrl-C in a terminal: all processes of the group get the signal."""
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(60)
        self.reader.join(10)
        self.process.stdout.close()
        return code


def running(name, value):
    """Processes whose environment has the variable: whatever the command started."""
    marker = f"{name}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found += [folder.name] if marker in (folder / "environ").read_bytes() else []
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_a_real_change(tmp_path):
    marker = ("CONFORMANCE_TEST_RUN", str(tmp_path))
    project = copied_project(tmp_path)
    command = Watching(project, dict([marker]), "-k", "test_facts")
    try:
        command.wait(" conforms: ")
        model = project / "models/market_data.py"
        source = model.read_text()
        model.write_text(source.replace('after="30 days"', 'after="31 days"'))
        command.wait(" differs: 1 finding, ")
        command.wait("models/market_data.py changed")
        command.wait("compress after is 30 days, the models declare 31 days")
        assert "The schema differs" in (project / "build/conformance/verdict.html").read_text()
        model.write_text("import nothing_of_the_kind")
        command.wait(" could not run: ")
        model.write_text(source)
        # A change during a check begins it again.
        first = len(command.lines)
        time.sleep(2)
        (project / "models/curves.py").touch()
        command.wait(" conforms: ", after=first)
        assert running(*marker)
    finally:
        code = command.interrupt()
    assert code == 0, command.lines
    assert running(*marker) == []
    assert "Traceback" not in "".join(command.lines)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_ctrl_c_during_a_check(tmp_path):
    marker = ("CONFORMANCE_TEST_RUN", str(tmp_path))
    command = Watching(copied_project(tmp_path), dict([marker]))
    end = time.monotonic() + 60
    while len(running(*marker)) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert command.interrupt() == 2, command.lines
    assert running(*marker) == []
    assert "Traceback" not in "".join(command.lines)
