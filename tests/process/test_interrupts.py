"""Ctrl-C ends a command, even at a moment when Python drops the exception."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from contextlib import suppress

import pytest
from sqlalchemy import create_engine, pool, text

from conformance.process.interrupts import interruptible

SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


class Dropped:
    """What a finalizer raises is dropped by Python."""

    def __init__(self, number=signal.SIGINT):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)


@pytest.fixture
def said():
    return []


@pytest.fixture(autouse=True)
def pythons_own_handlers():
    """A process may inherit that it ignores Ctrl-C, and may have an engine already."""
    defaults = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(said, *steps):
    """A block that says a sentence or does a step, one after the other."""
    with interruptible(said.append) as report:
        for step in steps:
            if callable(step):
                step()
            else:
                report(step)


@SIGNALS
def test_it_ends_the_block(said, number):
    with pytest.raises(KeyboardInterrupt):
        run(said, "one", lambda: signal.raise_signal(number), "two")
    assert said == ["one"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # The reports are still to be written, and an engine may have been left to the end.
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("later", [(), ("two",)], ids=["at the end", "at the next sentence"])
def test_it_is_heeded_where_python_drops_it(said, later):
    with pytest.raises(KeyboardInterrupt):
        run(said, "one", Dropped, gc.collect, *later)
    assert said == ["one"]


@SIGNALS
def test_it_comes_again_where_python_drops_it(said, number):
    """Also to a block that is long silent."""
    with pytest.raises(KeyboardInterrupt):
        run(said, lambda: Dropped(number), lambda: time.sleep(20), lambda: said.append("unheeded"))
    assert said == []


@SIGNALS
def test_it_comes_again_where_pytest_has_set_a_hook_since(said, number, monkeypatch):
    dropped = []

    def start_pytest():
        monkeypatch.setattr(sys, "unraisablehook", dropped.append)

    with pytest.raises(KeyboardInterrupt):
        run(said, start_pytest, lambda: Dropped(number), lambda: time.sleep(20), "unheeded")
    assert (said, dropped) == ([], [])


def test_what_ends_a_block_after_it_is_the_interrupt(said):
    """The statement that was cut says that its connection is lost."""

    def lose():
        try:
            ctrl_c()
        except KeyboardInterrupt:
            raise OSError("the connection is lost") from None

    with pytest.raises(KeyboardInterrupt):
        run(said, lose)


def test_another_thread_hears_no_signals(said):
    thread = threading.Thread(target=run, args=(said, "one"))
    thread.start()
    thread.join()
    assert said == ["one"]


def test_it_is_ignored_where_it_was(said):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(said, "one", ctrl_c, "two")
    assert said == ["one", "two"]


def test_a_statement_ends_although_the_interrupt_was_swallowed(said, conformance_engine):
    """In somebody's migration, or where Python itself drops exceptions without a word."""
    started = time.monotonic()
    with conformance_engine.database() as url:
        sessions = create_engine(url, poolclass=pool.NullPool)

        def go_on():
            with sessions.connect() as connection:
                with suppress(KeyboardInterrupt):
                    ctrl_c()
                connection.execute(text("SELECT pg_sleep(60)"))

        with pytest.raises(KeyboardInterrupt):
            run(said, go_on)
    assert time.monotonic() - started < 30
