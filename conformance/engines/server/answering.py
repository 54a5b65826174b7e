"""End statements whose answer will never come.

libpq waits for an answer without end: a proxy that stops forwarding, or a firewall that forgets a
connection, would keep a run for ever. The time of a statement is no sign of that, because a
migration may take its time. The server knows more: its session still works for the statement, or
has nothing to do.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from psycopg2 import Error
from psycopg2.extensions import cursor
from sqlalchemy import Pool, event

from conformance.engines.addresses import libpq_parameters
from conformance.engines.connecting import connect
from conformance.engines.patience import Patience
from conformance.engines.server.links import link_of
from conformance.errors import EngineUnavailable
from conformance.process.interrupts import shut_down

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy import URL
    from sqlalchemy.pool import ConnectionPoolEntry

    from conformance.engines.server.links import Link

#: Seconds between two looks at the connections of this process.
GLANCE = 10.0
#: After so many looks in succession a statement is ended; each found that its answer is lost.
LOOKS = 3
#: Seconds that the server has to answer what is asked about its sessions.
ANSWER_TIMEOUT = 10.0

#: Since when sessions have had nothing to do. A session that works has no row; nor has one of
#: which the role may know nothing.
_IDLE = (
    "SELECT pid, pg_catalog.date_part('epoch', state_change)"
    " FROM pg_catalog.pg_stat_activity WHERE state ~ '^idle' AND "
)
_BY_NUMBER, _BY_NAME = f"{_IDLE} pid = ANY (%s)", f"{_IDLE} application_name = %s"


class Answering:
    """A thread that ends connections to a server whose answer is lost.

    An answer is lost if the server's session has had nothing to do since the same moment at
    several looks, while this process waits for it; or if no look reached the server.

    Args:
        server: a URL of the server, of a database that nobody copies meanwhile: a copy keeps new
            connections waiting.
    """

    def __init__(self, server: URL) -> None:
        self._server = server
        known = libpq_parameters(server)
        self._hosts = _several(known.get("hostaddr"), known.get("host"))
        self._ports = _several(known.get("port"))
        self._entries: weakref.WeakSet[ConnectionPoolEntry] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._looks = LOOKS

    def __enter__(self) -> Self:
        """Watch all connections to the server that SQLAlchemy makes from now on."""
        event.listen(Pool, "connect", self._opened)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._over.set()
        # A connection that the thread makes goes through the listeners meanwhile.
        self._thread.join()
        event.remove(Pool, "connect", self._opened)

    def _opened(self, _: object, entry: ConnectionPoolEntry) -> None:
        with self._lock:
            self._entries.add(entry)

    def _watch(self) -> None:
        """Count at how many looks in succession the answer to each connection seemed lost."""
        waiting: set[Link] = set()
        lost: Counter[tuple[Link, float | None]] = Counter()
        while not self._over.wait(GLANCE):
            before, waiting = waiting, self._waiting()
            lost = Counter({item: lost[item] + 1 for item in self._lost(waiting & before)})
            for (link, _), looks in lost.items():
                if looks >= self._looks:
                    shut_down(link)
                    # What follows on other connections is clearing up.
                    self._looks = 1

    def _waiting(self) -> set[Link]:
        """The connections that wait for an answer of the server."""
        with self._lock:
            entries = list(self._entries)
        found = set()
        for entry in entries:
            # It may be closed at any moment, for which each driver has an error of its own.
            with suppress(Exception):
                link = link_of(entry.dbapi_connection)
                if link is not None and link.waits and link.leads_to(self._hosts, self._ports):
                    found.add(link)
        return found

    def _lost(self, waiting: Collection[Link]) -> set[tuple[Link, float | None]]:
        """Those whose answer seems lost, and since when the server has had nothing to do."""
        if not waiting:
            return set()
        by_pid = {link.pid: link for link in waiting}
        idle = _idle(self._server, _BY_NUMBER, list(by_pid))
        if idle is None:
            return {(link, None) for link in waiting}
        return {(by_pid[pid], since) for pid, since in idle}


@contextmanager
def ended_if_lost(server: URL, name: str, end: Callable[[], None]) -> Iterator[threading.Event]:
    """End a program whose answer is lost, as those of this process's own connections are.

    Args:
        server: a URL of the server.
        name: the `application_name` of the program's session.
        end: ends the program.

    Returns:
        An event that says afterwards whether the program was ended.
    """
    over, lost = threading.Event(), threading.Event()

    def watch() -> None:
        looks: Counter[tuple[int, float] | None] = Counter()
        while not over.wait(GLANCE):
            idle = _idle(server, _BY_NAME, name)
            looks = Counter({at: looks[at] + 1 for at in ({None} if idle is None else idle)})
            if max(looks.values(), default=0) >= LOOKS:
                lost.set()
                end()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()


def _idle(server: URL, statement: str, named: object) -> set[tuple[int, float]] | None:
    """The sessions that have nothing to do, and since when; None if the server does not answer."""
    patience = Patience(ANSWER_TIMEOUT)
    try:
        with connect(server, autocommit=True, patience=patience) as asking:
            raw: Any = asking.connection.dbapi_connection
            patience.begin(raw)
            # Who traces a migration listens to SQLAlchemy, and must not take this for a statement
            # of the migration. The class of the cursor is given: a tracer may have set another.
            with raw.cursor(cursor_factory=cursor) as own:
                own.execute(statement, [named])
                return set(own.fetchall())
    except (EngineUnavailable, Error) as error:
        return None if patience.is_over or "does not answer in time" in str(error) else set()
    finally:
        patience.close()


def _several(*values: Any) -> set[str]:
    """The hosts or ports of a URL, which may name several."""
    return {part for value in values if value for part in str(value).split(",") if part}
