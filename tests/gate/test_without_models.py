"""A project whose migrations are SQL, and which has no models, is rehearsed all the same."""

from __future__ import annotations

import pytest

from conformance.errors import ModelsUnavailable
from conformance.gate.run import Choices, gate
from conformance.project.configuration import Configuration

from .projects import ENV, Project, sql

LACKING = "no models are configured, nor does env.py set target_metadata"


def judged(project):
    configuration = Configuration(engine="embedded", alembic_ini=str(project.ini))
    return gate(Choices(configuration, from_revision="0001"))


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "codes"),
    [
        (
            "ALTER TABLE places ADD COLUMN country text",
            "ALTER TABLE places DROP COLUMN country",
            [],
        ),
        ("CREATE INDEX ix_size ON places (size)", "DROP INDEX ix_size", ["lock-scan"]),
    ],
)
def test_all_but_drift_is_judged(tmp_path, monkeypatch, upgrade, downgrade, codes):
    monkeypatch.chdir(tmp_path)
    project = Project.made_in(tmp_path)
    project.revision(sql(upgrade), sql(downgrade))
    report = judged(project)
    assert [finding.code for finding in report.findings] == codes
    (told,) = (item for item in report.not_checked if item.id == "drift")
    assert told.reason == LACKING


def test_models_that_cannot_be_read_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = Project.made_in(tmp_path, env=f"import models_of_nobody\n{ENV}")
    project.revision(sql("ALTER TABLE places ADD COLUMN country text"))
    with pytest.raises(ModelsUnavailable, match="No models are configured"):
        judged(project)
