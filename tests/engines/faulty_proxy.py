"""Programs in front of a server, or in its place, that do what networks and proxies do wrong."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL

    #: The number of a piece of the server's answer from 1, and the piece -> what the client gets.
    Change = Callable[[int, bytes], bytes]
    #: What is done with the connection of a client.
    Handler = Callable[[socket.socket], None]

HELD = Event()
#: The end of each answer, and of the login.
READY = re.compile(rb"Z\x00\x00\x00\x05[ITE]")


@contextmanager
def listening(handle: Handler) -> Iterator[int]:
    """The port of a program that handles each connection in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    Thread(target=handle, args=(client,), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(url: URL, change: Change, *, copies: int = 0) -> Iterator[URL]:
    """The server through a proxy that changes its answers.

    Args:
        copies: to how many more connections everything goes that the client sends.
    """

    def handle(client: socket.socket) -> None:
        address = url.host or "127.0.0.1", url.port or 5432
        server, *others = (socket.create_connection(address) for _ in range(1 + copies))
        ways = [(client, [server, *others], _same), *((other, [], _same) for other in others)]
        threads = [Thread(target=_pass_on, args=way, daemon=True) for way in ways]
        for thread in threads:
            thread.start()
        _pass_on(server, [client], change)
        for thread in threads:
            thread.join(10)
        for end in (client, server, *others):
            end.close()

    with listening(handle) as port:
        # A copy of a request for encryption would be answered out of step.
        yield url.set(host="127.0.0.1", port=port).update_query_dict(
            {"sslmode": "disable", "gssencmode": "disable"}
        )


def says(answer: bytes) -> Handler:
    """A program that says this whatever it is asked, and hangs up."""

    def handle(client: socket.socket) -> None:
        with client:
            client.recv(1024)
            client.sendall(answer)

    return handle


def delayed(seconds: float) -> Change:
    """Each piece comes so much later."""

    def change(_: int, piece: bytes) -> bytes:
        time.sleep(seconds)
        return piece

    return change


def garbled(number: int) -> Change:
    """This piece is noise."""
    return lambda at, piece: b"\xff" * len(piece) if at == number else piece


def cut(number: int) -> Change:
    """The connection ends at this piece."""
    return lambda at, piece: b"" if at >= number else piece


def held(number: int) -> Change:
    """From this piece on nothing comes, while the connection stays."""

    def change(at: int, piece: bytes) -> bytes:
        return piece if at < number else (HELD.wait(), b"")[1]

    return change


def silent(after: int) -> Change:
    """After so many answers, of which the login's is the first, nothing comes.

    In how many pieces an answer comes is up to the network, and to how a password is asked for.
    """
    answers = 0

    def change(_: int, piece: bytes) -> bytes:
        nonlocal answers
        if answers >= after:
            HELD.wait()
        answers += len(READY.findall(piece))
        return piece

    return change


def forgetful(after: int) -> Change:
    """After so many pieces of all connections nothing comes on the old ones; new ones work."""
    old: set[int] = set()
    total = itertools.count(1)

    def change(number: int, piece: bytes) -> bytes:
        # Each connection has a thread of its own, whose number a later one may get.
        connection = threading.get_ident()
        if number == 1:
            old.discard(connection)
        if next(total) <= after:
            old.add(connection)
        elif connection in old:
            HELD.wait()
        return piece

    return change


def once(at: int, change: Callable[[bytes], bytes]) -> Change:
    """One piece, counted over all connections, is changed; an empty one ends its connection."""
    total = itertools.count(1)
    return lambda _, piece: change(piece) if next(total) == at else piece


def _same(_: int, piece: bytes) -> bytes:
    return piece


def _pass_on(source: socket.socket, sinks: list[socket.socket], change: Change) -> None:
    number = 0
    with suppress(OSError):
        while received := source.recv(65536):
            number += 1
            if not (piece := change(number, received)):
                break
            for sink in sinks:
                sink.sendall(piece)
    for end in (source, *sinks):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
