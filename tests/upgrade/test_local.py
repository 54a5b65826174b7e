"""On an installed PostgreSQL: two versions of one installation, and two installations."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from conformance.engines.connecting import connect
from conformance.engines.local.engine import LocalEngine
from conformance.engines.local.folders import PREFIX
from conformance.errors import EngineUnavailable
from conformance.upgrade.rehearsal import rehearse
from conformance.upgrade.report import AFRESH, IN_PLACE, RESTORED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation():
    try:
        found = LocalEngine().chosen.installation
    except EngineUnavailable as error:
        pytest.skip(error.problem)
    if len(found.offered) < 2:
        pytest.skip(f"{found} offers one version of TimescaleDB only")
    return found


@pytest.fixture
def only(installation):
    """`only("2.17.2")`: the programs of an installation like this one that has but the version."""
    made = []

    def make(version):
        # Where every user may look: the server's may be another than we.
        root = Path(tempfile.mkdtemp(prefix="conformance-test-"))
        made.append(root)
        root.chmod(0o755)
        programs, share, libraries = (
            root / str(folder.resolve()).lstrip("/")
            for folder in (installation.programs, installation.share, installation.libraries)
        )
        # PostgreSQL looks for its files where its program is, through links.
        shutil.copytree(installation.programs, programs)
        shutil.copytree(installation.share, share, copy_function=os.symlink)
        bitcode = shutil.ignore_patterns("bitcode")
        shutil.copytree(installation.libraries, libraries, copy_function=os.symlink, ignore=bitcode)
        for other in set(installation.offered) - {version}:
            (share / "extension" / f"timescaledb--{other}.sql").unlink()
            for path in libraries.glob(f"timescaledb*-{other}.*"):
                path.unlink()
        control = share / "extension" / "timescaledb.control"
        content = control.read_text().replace(str(installation.timescaledb), version)
        control.unlink()
        control.write_text(content)
        return programs

    yield make
    for root in made:
        shutil.rmtree(root)


def clusters():
    return set(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


def test_two_versions_of_one_installation(installation, choices, monkeypatch):
    """The client is the installation's own."""
    monkeypatch.setattr(shutil, "which", lambda name, path=None: path and f"{path}/{name}")
    before = clusters()
    old, new = installation.offered[0], installation.offered[-1]
    report = rehearse(choices(old, new, engine=f"local:{installation.programs}"))
    assert [change for change in report.changes if change.harmful] == []
    assert all(way.not_checked is None for way in report.ways)
    assert (report.before.timescaledb, report.after.timescaledb) == (old, new)
    assert report.after.name == "local"
    assert clusters() == before


def test_two_installations(installation, only, choices):
    """The data stay; a dump cannot be restored where the old version is missing."""

    def tamper(way, url):
        if way == IN_PLACE:
            with connect(url, autocommit=True) as connection:
                # In a chunk that is not compressed. By a constant: a subquery would decompress rows
                # of all other chunks.
                newest = connection.scalar(text("SELECT max(curve_date) FROM curves"))
                rows = text("DELETE FROM curves WHERE curve_date = :newest")
                connection.execute(rows, {"newest": newest})

    before = clusters()
    old, new = installation.offered[0], installation.offered[-1]
    programs = only(old), only(new)
    report = rehearse(choices(*(f"local:{path}" for path in programs)), on_upgraded=tamper)
    for path, side in zip(programs, (report.before, report.after), strict=True):
        assert f"in {path} " in f"{side.description} "
    ways = {way.name: way for way in report.ways}
    assert ways[IN_PLACE].method == (
        f"ALTER EXTENSION timescaledb UPDATE TO '{new}', the new installation on the same data."
    )
    assert "rows copied" in ways[RESTORED].method
    assert ways[AFRESH].not_checked is None
    assert [change.id for change in report.changes if change.harmful] == ["lost:rows:curves"]
    assert (report.before.timescaledb, report.after.timescaledb) == (old, new)
    assert clusters() == before


def test_an_installation_and_an_image(upgrade):
    done = upgrade("--from", "local", "--to", "some:image")
    assert done.returncode == 2
    assert "Only one of local and some:image is an installation." in done.stderr
