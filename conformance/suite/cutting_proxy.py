"""A proxy in front of a PostgreSQL server that cuts a connection at a chosen message.

It reads the messages of the frontend/backend protocol, version 3 (PostgreSQL documentation,
"Message Formats"). With psycopg2 a statement is one message of the client.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from threading import Event, Thread
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL

_TERMINATE, _BACKEND_KEY_DATA, _READY_FOR_QUERY = b"X", b"K", b"Z"
#: Seconds to wait for a thread to end.
_PATIENCE = 120


class Manner(Enum):
    """When the connection is cut, relative to a message of the client."""

    BEFORE = "before it reached the server"
    WITHIN = "in its middle"
    AFTER = "as soon as the server had received it"
    ANSWERED = "when the server had executed it, before the client knew"

    def __repr__(self) -> str:
        # A finding prints the scenario that fails.
        return f"cut {self.value}"


@dataclass(frozen=True)
class Moment:
    """When a connection is cut.

    Attributes:
        message: the number of a message of the client after its login, from 1.
        manner: when, relative to this message.
    """

    message: int
    manner: Manner

    def __str__(self) -> str:
        return f"at message {self.message}, {self.manner.value}"


class _Line:
    """The connection of one client through the proxy to the server."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: CuttingProxy) -> None:
        self._client, self._server, self._proxy = client, server, proxy
        self._is_logged_in = Event()
        self._ends_when_ready = Event()
        self._threads = [
            Thread(target=side, daemon=True) for side in (self._forward, self._backward)
        ]
        for thread in self._threads:
            thread.start()

    def cut(self) -> None:
        """End it on both sides."""
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        """Wait until both sides have ended."""
        for thread in self._threads:
            thread.join(_PATIENCE)
        for end in (self._client, self._server):
            end.close()

    def _forward(self) -> None:
        with self._client.makefile("rb") as messages, suppress(OSError):
            self._server.sendall(_untyped(messages))
            while message := _typed(messages):
                if self._is_logged_in.is_set() and message[:1] != _TERMINATE:
                    self._proxy.messages += 1
                    self._send(message)
                else:
                    self._server.sendall(message)
        self.cut()

    def _send(self, message: bytes) -> None:
        moment = self._proxy.moment
        if moment is None or moment.message != self._proxy.messages:
            self._server.sendall(message)
            return
        self._proxy.has_cut = True
        if moment.manner is Manner.ANSWERED:
            self._ends_when_ready.set()
        share = {Manner.BEFORE: 0, Manner.WITHIN: len(message) // 2}
        self._server.sendall(message[: share.get(moment.manner, len(message))])
        if self._proxy.strike is not None:
            self._strike(self._proxy.strike)
        if moment.manner is not Manner.ANSWERED:
            self.cut()

    def _strike(self, strike: Callable[[int], None]) -> None:
        try:
            strike(self._proxy.backend)
        except Exception as error:
            # The thread that armed the proxy raises it.
            self._proxy.failure = error

    def _backward(self) -> None:
        with self._server.makefile("rb") as messages, suppress(OSError):
            while message := _typed(messages):
                if message[:1] == _BACKEND_KEY_DATA:
                    self._proxy.backend = int.from_bytes(message[5:9], "big")
                elif message[:1] == _READY_FOR_QUERY:
                    self._is_logged_in.set()
                    if self._ends_when_ready.is_set():
                        break
                self._client.sendall(message)
        self.cut()


class CuttingProxy:
    """Passes messages between a client and a server up to a moment. One client at a time.

    Args:
        url: the database on the server, which must allow unencrypted connections.

    Attributes:
        url: the URL of the same database through the proxy.
        messages: how many messages the client has sent since its login.
        backend: the process id of the server process for the client.
        has_cut: whether the connection was cut.
        failure: the error of `strike`; None if it succeeded.
    """

    def __init__(self, url: URL) -> None:
        self._target = url
        self._listener = socket.create_server(("127.0.0.1", 0))
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        host, port = self._listener.getsockname()
        self.url = url.set(host=host, port=port).update_query_dict(plain)
        self.messages = self.backend = 0
        self.moment: Moment | None = None
        self.strike: Callable[[int], None] | None = None
        self.has_cut = False
        self.failure: Exception | None = None
        self._lines: list[_Line] = []
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_PATIENCE)
        for line in self._lines:
            line.cut()
        self.settle()

    def arm(self, moment: Moment | None, strike: Callable[[int], None] | None = None) -> None:
        """Set the moment at which the next connection is cut; None: never.

        Args:
            strike: called at the moment with the process id of the server process.
        """
        self.messages, self.moment, self.strike = 0, moment, strike
        self.has_cut, self.failure = False, None

    def settle(self) -> None:
        """Wait until all connections have ended on both sides."""
        while self._lines:
            self._lines.pop().join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                _send_at_once(client)
                self._lines.append(_Line(client, self._connect(), self))

    def _connect(self) -> socket.socket:
        host, port = self._target.host or "/var/run/postgresql", self._target.port or 5432
        if not host.startswith("/"):
            server = socket.create_connection((host, port))
            _send_at_once(server)
            return server
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server


def _send_at_once(end: socket.socket) -> None:
    """Disable Nagle's algorithm, which delays small messages by a twentieth of a second."""
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _untyped(messages: BinaryIO) -> bytes:
    """The start-up message, the only one without a type."""
    return _with_content(messages, messages.read(4))


def _typed(messages: BinaryIO) -> bytes:
    """The next message; empty where the connection has ended."""
    return _with_content(messages, messages.read(5))


def _with_content(messages: BinaryIO, header: bytes) -> bytes:
    rest = max(0, int.from_bytes(header[-4:], "big") - 4)
    content = messages.read(rest)
    return header + content if header and len(content) == rest else b""
