"""A legacy database with twenty old findings: `check` and `gate` with its baseline."""

from __future__ import annotations

import json
import textwrap

import pytest

from tests.suite.projects import check, run

FILES = {
    "pyproject.toml": """
        [tool.conformance]
        models = "legacy:Base"
        baseline = "base.json"
    """,
    "legacy.py": """
        from datetime import datetime
        from sqlalchemy import DateTime, Double
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        from conformance import Hypertable

        class Base(DeclarativeBase):
            type_annotation_map = {datetime: DateTime(timezone=True), float: Double}

        class Sample(Base):
            __tablename__ = "samples"
            __table_args__ = (Hypertable("taken_at", chunk_interval="1 day"),)
            well: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
            taken_at: Mapped[datetime] = mapped_column(primary_key=True)
            depth: Mapped[float | None]
    """,
    "alembic.ini": """
        [alembic]
        script_location = %(here)s/alembic
    """,
    "alembic/env.py": """
        from alembic import context
        from legacy import Base

        def migrate(**options):
            context.configure(target_metadata=Base.metadata, **options)
            with context.begin_transaction():
                context.run_migrations()

        if context.is_offline_mode():
            migrate(dialect_name="postgresql", dialect_opts={"paramstyle": "named"})
        else:
            migrate(connection=context.config.attributes["connection"])
    """,
    "alembic/versions/0001.py": """
        from alembic import op

        revision = "0001"
        down_revision = None

        def upgrade():
            op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            op.execute(
                "CREATE TABLE samples (well integer, taken_at timestamptz, depth double precision,"
                " PRIMARY KEY (well, taken_at))"
            )
            op.execute(
                "SELECT create_hypertable('samples', by_range('taken_at', INTERVAL '1 day'))"
            )
            for number in range(20):
                op.execute(f"ALTER TABLE samples ADD COLUMN legacy_{number:02} text")

        def downgrade():
            op.execute("DROP TABLE samples")
    """,
}
SECOND = """
    from alembic import op

    revision = "0002"
    down_revision = "0001"
    accepted = {{"data-lost": "nobody reads it"}}

    def upgrade():
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute("ALTER TABLE samples {up}")

    def downgrade():
        op.execute("ALTER TABLE samples {down}")
"""
ADD, DROP = "ADD COLUMN legacy_{} text", "DROP COLUMN legacy_{}"
OLD = [f"column:samples.legacy_{number:02}:exists" for number in range(20)]
NEW = "column:samples.legacy_20:exists"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("legacy")
    _write(folder, FILES)
    (folder / "pyproject.toml").write_text('[tool.conformance]\nmodels = "legacy:Base"\n')
    code, verdict, errors = check(folder, "--examples", "1", "--write-baseline", "base.json")
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), errors
    assert {*_ids(verdict, "old")} == {*OLD}
    _write(folder, {"pyproject.toml": FILES["pyproject.toml"]})
    return folder


def _write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def _second(project, up, down):
    _write(project, {"alembic/versions/0002.py": SECOND.format(up=up, down=down)})


def _ids(verdict, part="findings"):
    return [item["id"] for item in verdict[part]]


def _gate(project):
    done = run(project, "gate", "--from-revision", "base", "--json", "-")
    report = json.loads(done.stdout)
    counting = [
        (item["code"], item["subject"])
        for item in report["findings"]
        if item["severity"] == "error" and item["accepted"] is None
    ]
    return done.returncode, counting, report


@pytest.mark.slow
def test_the_twenty_first_fails_and_a_mended_one_is_taken_out(project):
    before = (project / "base.json").read_text()
    _second(project, ADD.format(20), DROP.format(20))
    code, verdict, errors = check(project, "-k", "test_facts")
    assert (code, _ids(verdict), verdict["baseline"]["waiting"]) == (1, [NEW], 20), errors
    # Also where the revisions that made the old ones are new to the gate.
    code, counting, report = _gate(project)
    assert (code, counting) == (1, [("drift", NEW)])
    accepted = {item["subject"]: item["accepted"] for item in report["findings"]}
    assert {accepted[name] for name in OLD} == {"The baseline has it."}
    assert (project / "base.json").read_text() == before

    _second(project, DROP.format("00"), ADD.format("00"))
    code, verdict, errors = check(project, "--examples", "1")
    assert (code, verdict["verdict"], verdict["baseline"]["mended"]) == (0, "conforms", OLD[:1])
    kept = json.loads((project / "base.json").read_text())["findings"]["check"]
    assert [name for name in kept if name.startswith("column:")] == OLD[1:], errors
