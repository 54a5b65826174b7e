"""Ctrl-C, also where Python would drop it."""

from __future__ import annotations

import gc
import signal
import threading

import pytest

from conformance.interrupts import heeded


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


class Dropped:
    """What a finalizer raises is dropped by Python."""

    def __del__(self):
        ctrl_c()


@pytest.fixture
def said():
    return []


@pytest.fixture(autouse=True)
def pythons_own_handler():
    """Whatever started the tests may let them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(said, *steps):
    """A block that says a sentence or does a step, one after the other."""
    with heeded(said.append) as report:
        for step in steps:
            if callable(step):
                step()
            else:
                report(step)


def test_it_ends_the_block(said):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(said, "one", ctrl_c, "two")
    assert said == ["one"]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("later", [(), ("two",)], ids=["at the end", "at the next sentence"])
def test_it_is_heeded_where_python_drops_it(said, later):
    with pytest.raises(KeyboardInterrupt):
        run(said, "one", Dropped, gc.collect, *later)
    assert said == ["one"]


def test_another_thread_hears_no_signals(said):
    thread = threading.Thread(target=run, args=(said, "one"))
    thread.start()
    thread.join()
    assert said == ["one"]


def test_it_is_ignored_where_it_was(said):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(said, "one", ctrl_c, "two")
    assert said == ["one", "two"]
