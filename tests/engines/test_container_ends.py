"""A run that ends in any way leaves no container or volume beyond the next start."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import NotFound

from conformance.engines.base import Template
from conformance.engines.container.engine import ContainerEngine, daemon
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Holder = Callable[..., AbstractContextManager[subprocess.Popen[str]]]
    ContainersOf = Callable[..., list[Any]]


@pytest.fixture
def image_with_volume(image_with: Callable[..., str]) -> str:
    """An image that has Docker make a volume besides the one of the data."""
    return image_with("VOLUME /other")


def volumes_of(container: Any) -> list[str]:
    """The names of its volumes."""
    return [mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume"]


def is_there(client: Any, volume: str) -> bool:
    try:
        client.volumes.get(volume)
    except NotFound:
        return False
    return True


def test_the_data_are_on_no_volume(image: str, containers_of: ContainersOf) -> None:
    engine = ContainerEngine(image)
    engine.start()
    (container,) = containers_of()
    assert [mount["Type"] for mount in container.attrs["Mounts"]] in ([], ["tmpfs"])
    engine.stop()


def test_stop_removes_the_container(image: str, containers_of: ContainersOf) -> None:
    engine = ContainerEngine(image)
    engine.start()
    assert len(containers_of()) == 1
    engine.stop()
    engine.stop()
    assert containers_of() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_removes_container_and_volumes(
    client: Any,
    image_with_volume: str,
    containers_of: ContainersOf,
    holder: Holder,
    number: signal.Signals,
) -> None:
    with holder("container", image_with_volume) as process:
        (container,) = containers_of(process.pid)
        (volume,) = volumes_of(container)
        process.send_signal(number)
        process.wait(30)
    assert containers_of(process.pid) == []
    assert not is_there(client, volume)


def test_next_start_removes_what_a_killed_run_left(
    client: Any, image_with_volume: str, containers_of: ContainersOf, holder: Holder
) -> None:
    with holder("container", image_with_volume) as process:
        process.kill()
        process.wait(20)
    (container,) = containers_of(process.pid)
    (volume,) = volumes_of(container)
    with holder("container", image_with_volume):
        assert containers_of(process.pid) == []
        assert not is_there(client, volume)


def test_next_start_removes_what_a_killed_start_left(
    client: Any, image: str, containers_of: ContainersOf, holder: Holder
) -> None:
    """Between its making and its start a container is there, but does not run."""
    with holder("container", image) as process:
        (running,) = containers_of(process.pid)
        labels = {daemon.LABEL: running.labels[daemon.LABEL]}
        client.containers.create(image, labels=labels)
        process.kill()
        process.wait(20)
    assert len(containers_of(process.pid)) == 2
    daemon.remove_orphans(client)
    assert containers_of(process.pid) == []


def test_next_start_spares_the_living(
    client: Any, image: str, containers_of: ContainersOf, holder: Holder
) -> None:
    with holder("container", image) as process:
        daemon.remove_orphans(client)
        assert len(containers_of(process.pid)) == 1


def test_next_start_spares_what_is_not_ours(client: Any, image: str) -> None:
    labels = {"org.testcontainers": "true", f"{daemon.LABEL}s": "x/1/1/a"}
    container = client.containers.create(image, labels=labels)
    try:
        daemon.remove_orphans(client)
        container.reload()
    finally:
        container.remove(v=True)


@pytest.mark.parametrize("victim", ["server", "container"])
def test_crash_is_one_sentence_and_leaves_nothing(
    image: str, containers_of: ContainersOf, victim: str
) -> None:
    engine = ContainerEngine(image)
    engine.start()
    (container,) = containers_of()
    if victim == "server":
        container.exec_run(["sh", "-c", "kill -KILL $(head -1 $PGDATA/postmaster.pid)"])
        assert container.wait(timeout=20)["StatusCode"] == 0
    else:
        container.kill()
    with (
        pytest.raises(EngineUnavailable) as caught,
        engine.database(Template("schema", "key", lambda _: None)),
    ):
        pass
    assert "Nothing listens" in caught.value.problem or "No " in caught.value.problem
    engine.stop()
    assert containers_of() == []
