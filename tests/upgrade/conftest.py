"""Servers that an upgrade can be rehearsed on, where there are any.

The tests' server, where it offers two versions of TimescaleDB; images are the local ones called
`timescaledb-test`, which CI builds.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.comparing.capabilities import version_tuple
from conformance.engines.connecting import parse_url
from conformance.project.configuration import Configuration
from conformance.upgrade.choices import Choices
from conformance.upgrade.extension import create_extension, offered_versions
from tests import forked_commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from conformance.engines.server.on_server import EngineOnServer

PROJECT = Path(__file__).parents[2]

#: The version after the image's own: its scripts and its library but for the version they bear.
_NEXT = r"""
RUN set -e; \
    own=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$(pg_config --sharedir)/extension/timescaledb.control"); \
    minor=${own%.*}; patch=${own##*.}; next=$minor.$((patch + 1)); last=$minor.$((patch - 1)); \
    cd "$(pg_config --sharedir)/extension"; \
    sed "s/$own/$next/g" timescaledb--$own.sql > timescaledb--$next.sql; \
    sed "s/$own/$next/g; s/$last/$own/g" timescaledb--$last--$own.sql > timescaledb--$own--$next.sql; \
    sed -i "s/$own/$next/" timescaledb.control; \
    cd "$(pg_config --pkglibdir)"; \
    sed "s/$own/$next/g" timescaledb-$own.so > timescaledb-$next.so
"""  # noqa: E501 - a Dockerfile's instruction


@pytest.fixture(scope="session")
def local_image(client: Any) -> Callable[[str], str]:
    """`local_image("pg17")`: the local image of that name."""

    def find(tag: str) -> str:
        name = f"timescaledb-test:{tag}"
        if not client.images.list(name):
            pytest.skip(f"there is no image {name}; .ci/image/build.sh {tag} makes it")
        return name

    return find


@pytest.fixture(scope="session")
def built(client: Any) -> Iterator[Callable[[str, str], str]]:
    """`built("next", dockerfile)`: an image of the test's own, gone at the end."""
    made = []

    def build(word: str, dockerfile: str) -> str:
        name = f"timescaledb-conformance-upgrade:{word}-{os.getpid()}"
        client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, rm=True)
        made.append(name)
        return name

    yield build
    for name in reversed(made):
        client.images.remove(name)


@pytest.fixture(scope="session")
def next_image(local_image: Callable[[str], str], built: Callable[[str, str], str]) -> str:
    """An image of the same PostgreSQL as `pg17`, with its TimescaleDB and the next version."""
    return built("next", f"FROM {local_image('pg17')}\n{_NEXT}")


@pytest.fixture(scope="session")
def upgradable(request: pytest.FixtureRequest) -> str:
    """The URL of a server that offers two versions."""
    url = request.getfixturevalue("server").render_as_string(hide_password=False)
    if len(_versions(url)) < 2:
        pytest.skip("the tests' server offers one version of TimescaleDB only")
    return url


@pytest.fixture(scope="session")
def versions(upgradable: str) -> list[str]:
    """What it offers, oldest first."""
    return _versions(upgradable)


def _versions(url: str) -> list[str]:
    return sorted(offered_versions(parse_url(url)), key=version_tuple)


def has_the_version_of_what_it_starts_from(engine: EngineOnServer, version: str) -> None:
    """See that an engine has the version of the database that it starts from."""
    with engine.database() as url:
        create_extension(url, version)
        engine.start_from(url)
        assert engine.server.timescaledb == version


@pytest.fixture
def choices(tmp_path: Path) -> Callable[..., Choices]:
    """`choices(before, after, engine=...)`: this project's models, without the suite."""

    def choose(before: str, after: str, engine: str | None = None, image: str | None = None):
        project = Configuration(
            models=("models:Base.metadata",),
            alembic_ini=str(PROJECT / "alembic.ini"),
            reports=str(tmp_path),
        )
        return Choices(before, after, engine, image, project, suite=False)

    return choose


@pytest.fixture
def upgrade(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`upgrade("--from", ...)`: the command, as a person runs it; reports go to `tmp_path`."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return forked_commands.run(
            ["upgrade", "--reports", tmp_path, *arguments], PROJECT, {**os.environ, **environment}
        )

    return run
