"""Modules are imported beside what the process waits for, and an error waits for who needs them."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from conformance.process.meanwhile import import_meanwhile


@pytest.fixture
def module(tmp_path, monkeypatch):
    """`module(name, code)`: a module of this name on the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, code):
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return make


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nobody_waits(module):
    release = threading.Event()
    sys.modules["conformance_release"] = release  # type: ignore[assignment]
    try:
        name = module(
            "slow_to_import", "import conformance_release as event; event.wait(); done = True"
        )
        import_meanwhile(name)
        until(lambda: name in sys.modules)
        assert not hasattr(sys.modules[name], "done")
        release.set()
        until(lambda: hasattr(sys.modules[name], "done"))
    finally:
        release.set()
        del sys.modules["conformance_release"]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_needs_a_broken_module_meets_its_error(module):
    import_meanwhile("no_such_module", module("never_reached", ""))
    import_meanwhile(broken := module("broken_to_import", "raise ValueError('broken')"))
    until(lambda: threading.active_count() == 1 or not _importing())
    with pytest.raises(ValueError, match="broken"):
        __import__(broken)
    assert "never_reached" not in sys.modules


def _importing():
    return any(thread.name.endswith("(run)") for thread in threading.enumerate())
