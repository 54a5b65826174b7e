"""Options that do not name an upgrade: one sentence with a hint, exit code 2."""

from __future__ import annotations

import json

import pytest


def sentence(done):
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("conformance: "))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--from", "2.17.2", "--to", "2.20.3"],
            "2.17.2 is a version of TimescaleDB, not an image",
        ),
        (
            ["--from", "2.17.2", "--to", "2.20.3", "--engine", "embedded"],
            "Engine embedded has only one version of TimescaleDB",
        ),
        (
            [
                "--from",
                "2.17.2",
                "--to",
                "2.20.3",
                "--engine",
                "postgresql://u:secret@127.0.0.1:1/d",
            ],
            "Nothing listens at 127.0.0.1:1",
        ),
        (["--from", "", "--to", "a:2"], "--from is empty"),
        (["--from", "a:1", "--to", " "], "--to is empty"),
        (["--from", "a:1", "--to", "a:2", "--models", "nowhere:metadata"], "no module 'nowhere'"),
        (
            ["--from", "a:1", "--to", "a:2", "--alembic-ini", "nowhere.ini"],
            "There is no nowhere.ini",
        ),
    ],
    ids=[
        "versions without a server",
        "embedded",
        "no server",
        "no from",
        "no to",
        "no models",
        "no migrations",
    ],
)
def test_wrong_input(upgrade, tmp_path, arguments, words):
    assert words in sentence(done := upgrade(*arguments))
    report = json.loads((tmp_path / "upgrade.json").read_text())
    assert report["verdict"] == "could_not_run"
    assert words in report["message"]
    assert "secret" not in done.stderr + done.stdout + json.dumps(report)


def test_without_docker(upgrade):
    done = upgrade("--from", "a:1", "--to", "a:2", DOCKER_HOST="unix:///nowhere.sock")
    assert "No Docker daemon answers" in (said := sentence(done))
    # No other engine could compare two images.
    assert said.endswith("and the server that has both: --engine URL.")
    assert "embedded" not in said


def test_reports_that_cannot_be_written(upgrade, tmp_path):
    (tmp_path / "file").write_text("")
    done = upgrade("--from", "a:1", "--to", "a:2", "--reports", str(tmp_path / "file"))
    assert "cannot be written" in sentence(done)


def test_versions(upgrade, upgradable, versions):
    old, new = versions[0], versions[-1]
    for before, after, words in (
        (old, "2.99.0", f"does not offer TimescaleDB 2.99.0. It offers {old}"),
        (new, old, f"From TimescaleDB {new} to {old} is a downgrade"),
        (new, new, "there is nothing to upgrade"),
    ):
        done = upgrade("--engine", upgradable, "--from", before, "--to", after)
        assert words in sentence(done)
