"""Which installed PostgreSQL a value of `--engine` chooses, and why others are refused.

The installations are made up: folders with a `pg_config` that says what it is told.
"""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import pytest

from conformance import engines
from conformance.engines import open_engine
from conformance.engines.local import account, choosing, installations
from conformance.engines.local.choosing import choose
from conformance.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Install = Callable[..., Path]


@pytest.fixture(autouse=True)
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`install("17.4", "2.17.2", "2.24.0")`: the folder of its programs; the last is the default.

    Nothing else is installed.
    """
    pattern = str(tmp_path / "*" / "bin")
    monkeypatch.setattr(choosing, "installed", lambda: installations.installed([pattern]))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    def make(
        postgresql: str,
        *versions: str,
        name: str = "",
        edition: str = "community",
        says: bool = True,
    ) -> Path:
        root = tmp_path / (name or postgresql)
        programs, libraries = root / "bin", root / "lib" / "postgresql"
        extension = root / "share" / "postgresql" / "extension"
        for folder in (programs, extension, libraries):
            folder.mkdir(parents=True)
        _program(programs / "initdb", "")
        _program(programs / "postgres", f"postgres (PostgreSQL) {postgresql}")
        answers = f"PostgreSQL {postgresql} (Debian)\n{extension.parent}\n{libraries}"
        if says:
            _program(programs / "pg_config", answers)
        (libraries / "plpgsql.so").touch()
        for version in versions:
            (extension / f"timescaledb--{version}.sql").touch()
            (extension / f"timescaledb--2.0.0--{version}.sql").touch()
            (libraries / f"timescaledb-{version}.so").touch()
            if edition == "community":
                (libraries / f"timescaledb-tsl-{version}.so").touch()
        if versions:
            control = f"default_version = '{versions[-1]}'\nrelocatable = false\n"
            (extension / "timescaledb.control").write_text(control)
        return programs

    return make


def _program(path: Path, answer: str) -> None:
    path.write_text(
        f"#!/bin/sh\ncase $1 in --bindir) echo '{path.parent}' ;; *) echo '{answer}' ;; esac\n"
    )
    path.chmod(0o755)


def refusal(choice: str) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as caught:
        choose(choice)
    assert caught.value.hint.endswith(
        "or use --engine embedded, --engine container or --engine URL."
    )
    return caught.value


class TestChoice:
    def test_is_the_newest_postgresql(self, install: Install) -> None:
        install("9.6.1", "2.17.2")
        install("16.2", "2.17.2")
        programs = install("17.4", "2.24.0")
        assert choose("local").installation.programs == programs

    def test_is_the_one_of_the_path(
        self, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("17.4", "2.24.0")
        programs = install("16.2", "2.17.2")
        monkeypatch.setenv("PATH", str(programs))
        assert choose("local").installation.programs == programs

    def test_is_one_that_has_timescaledb(self, install: Install) -> None:
        install("18.1")
        programs = install("17.4", "2.24.0")
        install("16.1", "2.9.0")
        assert choose("local").installation.programs == programs

    def test_by_major_version(self, install: Install) -> None:
        install("17.4", "2.24.0")
        programs = install("16.2", "2.17.2")
        chosen = choose("local:16")
        assert chosen.installation.programs == programs
        assert str(chosen.installation) == f"PostgreSQL 16.2 in {programs}"

    @pytest.mark.parametrize("part", ["", ".."])
    def test_by_folder(self, install: Install, part: str) -> None:
        install("17.4", "2.24.0")
        programs = install("16.2", "2.17.2", name="postgresql@16")
        chosen = choose(f"local:{programs / part}")
        assert chosen.installation.programs.resolve() == programs
        assert chosen.timescaledb == "2.17.2"

    @pytest.mark.parametrize("where", ["", ":17", ":{}"])
    def test_of_another_timescaledb(self, install: Install, where: str) -> None:
        programs = install("17.4", "2.17.2", "2.20.0-dev", "2.24.0", name="postgresql@17")
        assert choose(f"local{where.format(programs)}").timescaledb == "2.24.0"
        assert choose(f"local{where.format(programs)}@2.17.2").timescaledb == "2.17.2"
        assert choose(f"local{where.format(programs)}@2.20.0-dev").timescaledb == "2.20.0-dev"

    def test_without_pg_config(self, install: Install) -> None:
        install("17.4", "2.17.2", "2.24.0", says=False)
        chosen = choose("local")
        assert (chosen.installation.version, chosen.timescaledb) == ("17.4", "2.24.0")
        assert chosen.installation.offered == ("2.17.2", "2.24.0")

    def test_of_a_newer_postgresql_than_any_seen(self, install: Install) -> None:
        install("21beta1", "9.0.0")
        assert choose("local").installation.major == 21

    def test_knows_the_edition(self, install: Install) -> None:
        install("17.4", "2.24.0")
        install("16.2", "2.24.0", edition="apache")
        assert choose("local:17").is_community
        assert not choose("local:16").is_community


class TestRefusal:
    def test_nothing_is_installed(self) -> None:
        error = refusal("local")
        assert error.problem == "No PostgreSQL server is installed here."
        assert error.hint.startswith("Install PostgreSQL with TimescaleDB, name the folder of ")

    def test_another_version_is_installed(self, install: Install) -> None:
        install("15.18", "2.24.0")
        install("17.4", "2.24.0")
        problem = "PostgreSQL 16 is not installed here; 15 and 17 are."
        assert refusal("local:16").problem == problem

    def test_no_such_version_is_installed(self) -> None:
        problem = "PostgreSQL 16 is not installed here; no PostgreSQL server is."
        assert refusal("local:16").problem == problem

    def test_the_folder_has_no_server(self, tmp_path: Path) -> None:
        assert refusal(f"local:{tmp_path}").problem == (
            f"The folder {tmp_path} has no PostgreSQL server: initdb and postgres are missing."
        )

    def test_timescaledb_is_missing(self, install: Install) -> None:
        programs = install("17.4")
        error = refusal("local")
        assert error.problem == f"PostgreSQL 17.4 in {programs} does not have TimescaleDB."
        assert error.hint.startswith("Install TimescaleDB 2.17 or later for this PostgreSQL, ")

    def test_timescaledb_is_too_old(self, install: Install) -> None:
        programs = install("17.4", "2.16.1")
        assert refusal("local").problem == (
            f"PostgreSQL 17.4 in {programs} has TimescaleDB 2.16.1; 2.17 is the oldest supported "
            f"version."
        )

    def test_the_wanted_timescaledb_is_too_old(self, install: Install) -> None:
        install("17.4", "2.16.1", "2.24.0")
        assert refusal("local@2.16.1").problem.endswith("2.17 is the oldest supported version.")

    def test_postgresql_is_too_old(self, install: Install) -> None:
        programs = install("14.9", "2.17.2")
        problem = f"PostgreSQL 14.9 in {programs} is too old; 15 is the oldest supported version."
        assert refusal("local").problem == problem

    def test_the_wanted_timescaledb_is_not_offered(self, install: Install) -> None:
        programs = install("17.4", "2.17.2", "2.24.0")
        error = refusal("local:17@2.20.0")
        assert error.problem == f"PostgreSQL 17.4 in {programs} does not offer TimescaleDB 2.20.0."
        assert error.hint.startswith(
            "Name a version that this PostgreSQL offers (2.17.2, 2.24.0), or "
        )

    def test_a_library_is_missing(self, install: Install) -> None:
        programs = install("17.4", "2.17.2", "2.24.0")
        (programs.parent / "lib" / "postgresql" / "timescaledb-2.17.2.so").unlink()
        assert choose("local").installation.offered == ("2.24.0",)

    def test_root_without_a_user_for_the_server(
        self, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("17.4", "2.24.0")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(account, "_USUAL", "nobody-of-that-name")
        with pytest.raises(EngineUnavailable) as caught:
            open_engine("local", None, print)
        assert caught.value.problem == (
            "PostgreSQL does not run as root, and the system user nobody-of-that-name does not "
            "exist."
        )
        assert caught.value.hint.startswith("Run this as another user, create that user (useradd ")

    def test_an_image_is_named(self) -> None:
        with pytest.raises(
            EngineUnavailable, match="local:17 does not run images, but the image some:image"
        ):
            open_engine("local:17", "some:image", print)

    def test_not_on_windows(self, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
        install("17.4", "2.24.0")
        monkeypatch.setattr(engines.os, "name", "nt")
        with pytest.raises(EngineUnavailable, match="on Unix only"):
            open_engine("local", None, print)

    @pytest.mark.parametrize("choice", ["locale", "localhost", "local17"])
    def test_it_is_another_word(self, choice: str) -> None:
        with pytest.raises(EngineUnavailable, match=f"There is no engine '{choice}'"):
            open_engine(choice, None, print)


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose Docker daemon is a closed port."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


@pytest.mark.usefixtures("no_daemon")
class TestAuto:
    """Where no container can be had."""

    def test_takes_it(self, install: Install) -> None:
        install("17.4", "2.24.0")
        said: list[str] = []
        if os.geteuid() == 0 and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
            pytest.skip("root without a system user postgres")
        assert open_engine("auto", None, said.append).name == "local"
        assert said == [
            "Engine local, because PostgreSQL is installed and a container is not available: "
            "No Docker daemon answers."
        ]

    def test_does_not_take_the_apache_edition(self, install: Install) -> None:
        """The embedded engine has compression and policies."""
        programs = install("17.4", "2.24.0", edition="apache")
        said: list[str] = []
        assert open_engine("auto", None, said.append).name == "embedded"
        assert said == [
            "Engine embedded, because a container is not available: No Docker daemon answers. A "
            f"local server is not available either: PostgreSQL 17.4 in {programs} has "
            "TimescaleDB's Apache edition."
        ]
