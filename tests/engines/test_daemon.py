"""A misbehaving Docker daemon, which is simulated because a real one does not misbehave."""

from __future__ import annotations

import gc
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING

import docker.errors
import pytest

from conformance.engines import open_engine
from conformance.engines.container import daemon, executing
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

IMAGE = "some/image:1"
CANNOT_BE_PULLED = f"The image {IMAGE} is not on this machine and cannot be pulled: "


class _Daemon(BaseHTTPRequestHandler):
    """A daemon without images."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith("/version"):
            self._answer(200, {"ApiVersion": "1.44"})
        elif self.server.fault == "hangs up":
            self.close_connection = True
        elif self.server.fault == "refuses":
            self._answer(500, {"message": "the store is\nbroken."})
        else:
            self._answer(404, {"message": "No such image"})

    def do_POST(self) -> None:
        if self.server.fault == "hangs up while pulling":
            self.close_connection = True
            return
        if self.server.fault == "stalls while pulling":
            self._begin({"status": "Pulling"})
        elif self.server.fault == "fails while pulling":
            self._begin({"error": "manifest unknown"})
        self.server.released.wait(30)

    def _answer(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _begin(self, event: dict[str, str]) -> None:
        chunk = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def daemon_that(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`daemon_that("hangs up")`: an environment with such a daemon."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Daemon) as server:

        def set_fault(fault: str) -> None:
            server.fault = fault

        server.released = threading.Event()
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield set_fault
        server.released.set()
        server.shutdown()
    # A socket left open would be noticed now.
    gc.collect()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("hangs up", "The Docker daemon has stopped answering."),
        ("hangs up while pulling", "The Docker daemon has stopped answering."),
        ("refuses", f"{CANNOT_BE_PULLED}the store is broken."),
        ("fails while pulling", f"{CANNOT_BE_PULLED}manifest unknown."),
        ("stalls while pulling", f"{CANNOT_BE_PULLED}the Docker daemon has been silent for 1 s."),
        ("is silent", f"{CANNOT_BE_PULLED}the Docker daemon has been silent for 1 s."),
    ],
)
def test_a_fault_is_one_sentence(
    daemon_that: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    problem: str,
) -> None:
    daemon_that(fault)
    monkeypatch.setattr(daemon, "PULL_TIMEOUT", 1)
    with pytest.raises(EngineUnavailable) as caught:
        open_engine("container", IMAGE, lambda _: None).start()
    assert caught.value.problem == problem
    assert caught.value.hint


@pytest.mark.parametrize(
    ("fault", "timeout"),
    [("stalls while pulling", "PULL_TIMEOUT"), ("is silent", "FIRST_WORD_TIMEOUT")],
)
@pytest.mark.usefixtures("nothing_installed")
def test_auto_takes_embedded_where_a_pull_does_not_get_on(
    daemon_that: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    timeout: str,
) -> None:
    daemon_that(fault)
    monkeypatch.setattr(daemon, timeout, 1)
    said: list[str] = []
    assert open_engine("auto", IMAGE, said.append).name == "embedded"
    assert said == [
        f"Pulling {IMAGE}.",
        f"Engine embedded, because a container is not available: {CANNOT_BE_PULLED}"
        "the Docker daemon has been silent for 1 s. A local server is not available either: "
        "No PostgreSQL server is installed here.",
    ]


class _Container:
    """A container whose daemon may keep the output of a command open after the command's end."""

    id = "1"

    def __init__(self, *, forgets: bool, running: Iterable[bool]) -> None:
        self.client = SimpleNamespace(api=self)
        self.released = threading.Event()
        self._forgets = forgets
        self._running = iter(running)

    def exec_create(self, container: str, command: list[str], **given: object) -> dict[str, str]:
        assert (container, command) == ("1", ["true"])
        assert given == {"user": "postgres", "environment": None}
        return {"Id": "2"}

    def exec_start(self, started: str) -> bytes:
        assert started == "2"
        if self._forgets:
            assert self.released.wait(10), "the command's end goes unnoticed"
        return b"done"

    def exec_inspect(self, started: str) -> dict[str, object]:
        assert started == "2"
        return {"Running": next(self._running, False), "ExitCode": 3}


@pytest.mark.parametrize("forgets", [False, True])
def test_a_command_ends_if_the_daemon_does_not_say_so(
    forgets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "GLANCE", 0.01)
    container = _Container(forgets=forgets, running=[False, True, False])
    try:
        said = "" if forgets else "done"
        assert executing.execute(container, ["true"], user="postgres") == (3, said)
    finally:
        container.released.set()


def test_a_command_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise docker.errors.APIError("container 1 is not running")

    container = _Container(forgets=False, running=[])
    monkeypatch.setattr(container, "exec_start", refuse)
    with pytest.raises(docker.errors.APIError, match="is not running"):
        executing.execute(container, ["true"], user="postgres")
