"""Run the gate on the revision of each alteration: how many pass, and what is found in the others.

    python -m tests.alterations.gating ENGINE [WORDS [PART]]

The project of a case has the database's own revisions, one that makes the alteration, and the one
that mends it, which the gate rehearses on the engine. A run takes most of an hour, so it is not a
test; `docs/fix.md` has its result. WORDS choose the cases whose names contain them; PART takes a
part of these, `1/3` every third.
"""
# ruff: noqa: T201 - it prints its result.

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, create_engine

import models
from conformance.engines.base import Template
from conformance.engines.started import start_session
from conformance.errors import ConformanceError
from conformance.gate.rehearse import rehearse
from conformance.gate.revisions.new import new_since_revision
from conformance.mending.plan import plan_for
from conformance.mending.writing import write_revision
from conformance.project.migrations import Migrations
from conformance.project.scripts import alembic_config, single_head

from .cases import Alteration, Database, ModelEdit, edited_models
from .test_mending import CASES, NOT_MENDED, Case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.config import Config
    from sqlalchemy import Connection, MetaData

    from conformance.engines.started import Session
    from conformance.gate.evidence.report import GateFinding


PROJECT = Path(__file__).parents[2]
_EXTENSION = "CREATE EXTENSION IF NOT EXISTS timescaledb"
_ENV = """
from alembic import context

def run():
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.run_migrations()

if context.is_offline_mode():
    named = {"paramstyle": "named"}
    context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts=named)
    run()
else:
    context.configure(connection=context.config.attributes["connection"])
    run()
"""
_REVISION = '''"""{title}."""
from alembic import op

revision = "{revision}"
down_revision = {parent!r}


def upgrade():
    from importlib import import_module

    import_module({module!r}).{function}({case!r}, op.get_bind())


def downgrade():
    pass
'''
_TOGETHER = 10
#: The alteration is made twice on a server, for the comparison and for the gate.
_DROP_ROLES = r"""
DO $roles$ DECLARE found name; BEGIN
    FOR found IN SELECT rolname FROM pg_roles WHERE rolname LIKE '%\_of\_a\_test' LOOP
        BEGIN
            EXECUTE format('DROP ROLE %I', found);
        -- A database of an earlier case has something of it; the engine takes both away.
        EXCEPTION WHEN dependent_objects_still_exist THEN
            EXECUTE format('ALTER ROLE %I RENAME TO %I', found, 'old_' || pg_current_xact_id());
        END;
    END LOOP;
END $roles$
"""
#: Several kinds at once, for a test that takes no half an hour.
SEVERAL = Case(
    "several kinds",
    Alteration(
        "several kinds",
        """
        ALTER TABLE instruments DROP CONSTRAINT uq_instruments_ticker,
            ADD CONSTRAINT uq_instruments_ticker UNIQUE (ticker) DEFERRABLE;
        ALTER TABLE instruments ALTER COLUMN name SET DEFAULT '-';
        CREATE INDEX extra ON curves (rate);
        ALTER TABLE series_metadata DROP CONSTRAINT fk_series_metadata_source_id_data_sources,
            ADD CONSTRAINT other FOREIGN KEY (source_id) REFERENCES data_sources ON DELETE CASCADE;
        SELECT set_chunk_time_interval('curves', INTERVAL '7 days');
        """,
    ),
    None,
)
_BY_ID = {case.id: case for case in (*CASES, SEVERAL)}


def make(case: str, connection: Connection) -> None:
    """The database that the case alters; called by a revision."""
    _run(connection, "SET LOCAL client_min_messages = error")
    _run(connection, _EXTENSION)
    _made(_BY_ID[case], connection)
    _run(connection, "SET LOCAL client_min_messages = notice")


def alter(case: str, connection: Connection) -> None:
    """The alteration; called by a revision."""
    _run(connection, "SET LOCAL client_min_messages = error")
    _run(connection, _DROP_ROLES)
    found = _BY_ID[case].case
    assert not isinstance(found, ModelEdit)
    _run(connection, found.sql)
    _run(connection, "SET LOCAL client_min_messages = notice")


def _made(case: Case, connection: Connection) -> MetaData:
    assert case.make is not None
    # The capabilities matter where facts are compared.
    return case.make(Database(connection, None))  # type: ignore[arg-type]


def _run(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})


def gate(case: Case, session: Session, folder: Path) -> list[GateFinding]:
    """What the gate finds in the revision that mends the case."""
    metadata = models.Base.metadata
    if isinstance(case.case, ModelEdit):
        metadata = edited_models(case.case, folder)
    config = _project(case, folder)
    migrations = Migrations.on(session.engine, config)
    with (
        session.engine.database(_empty()) as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        migrations.upgrade(connection, "head")
        if case.make is not None:
            with session.engine.database(_empty()) as other:
                metadata = _metadata_of(case, other)
        database = Database(connection, session.engine.capabilities, metadata)
        plan = plan_for(database.compare(), online=True)
        connection.rollback()
    if plan.unmended or not plan.upgrade:
        raise ConformanceError(f"not mended: {plan.unmended}", "")
    before = single_head(config)
    write_revision(config, plan, case.id, "mend")
    report = rehearse(session, config, new_since_revision(config, before), metadata)
    return [finding for finding in report.findings if finding.severity != "note"]


def _metadata_of(case: Case, url: Any) -> MetaData:
    """The models of a case that makes its database itself."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        _run(connection, "SET client_min_messages = error")
        _run(connection, _EXTENSION)
        return _made(case, connection)


def _empty() -> Template:
    return Template("empty", "empty", lambda _url: None)


def _project(case: Case, folder: Path) -> Config:
    """The folder of the project, with the revisions before the one that mends."""
    shutil.copy(PROJECT / "alembic.ini", folder)
    shutil.copytree(
        PROJECT / "alembic", folder / "alembic", ignore=shutil.ignore_patterns("__pycache__")
    )
    config = alembic_config(folder / "alembic.ini")
    versions = folder / "alembic" / "versions"
    parent = single_head(config)
    if case.make is not None:
        for path in versions.glob("*.py"):
            path.unlink()
        (folder / "alembic" / "env.py").write_text(_ENV)
        _write(versions, "made", None, "make", case)
        parent = "made"
    if not isinstance(case.case, ModelEdit):
        _write(versions, "altered", parent, "alter", case)
    return config


def _write(versions: Path, revision: str, parent: str | None, function: str, case: Case) -> None:
    text = _REVISION.format(
        title=revision,
        revision=revision,
        parent=parent,
        module=gate.__module__,
        function=function,
        case=case.id,
    )
    (versions / f"{revision}.py").write_text(text)


def _with_sessions(cases: Sequence[Case], engine: str) -> Iterator[tuple[Case, Session]]:
    """Each case with an engine, which is a new one from time to time: its databases add up."""
    for first in range(0, len(cases), _TOGETHER):
        session = start_session(engine, None)
        try:
            for case in cases[first : first + _TOGETHER]:
                yield case, session
        finally:
            session.engine.stop()


def main(engine: str, words: str = "", part: str = "1/1") -> None:
    """Print each case with its findings, and the counts."""
    first, step = map(int, part.split("/"))
    chosen = [case for case in CASES if case.id not in NOT_MENDED and words in case.id]
    chosen = chosen[first - 1 :: step]
    codes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for case, session in _with_sessions(chosen, engine):
        started = time.monotonic()
        with TemporaryDirectory() as name:
            try:
                findings = gate(case, session, Path(name))
            # One case must not end the run.
            except Exception as error:
                counts["not run"] += 1
                print(f"NOT RUN {case.id}: {type(error).__name__}: {error}", flush=True)
                continue
        failing = sorted({finding.code for finding in findings if finding.severity == "error"})
        warned = sorted({finding.code for finding in findings if finding.severity != "error"})
        counts["fails" if failing else "warned" if warned else "clean"] += 1
        codes.update(failing + warned)
        print(f"{time.monotonic() - started:5.1f} s  {case.id}: {failing + warned}", flush=True)
        for finding in findings:
            print(f"    {finding.code} {finding.subject}: {finding.message}", flush=True)
    print(f"{len(chosen)} cases: {dict(counts)}")
    for code, number in codes.most_common():
        print(f"{number:5} {code}")


if __name__ == "__main__":
    main(*sys.argv[1:])
