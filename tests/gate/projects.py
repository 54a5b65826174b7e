"""A small project, a plain table and a compressed hypertable, and one more revision to rehearse."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from conformance.declarations import Compression, Hypertable, TimescaleDB
from conformance.gate.rehearse import rehearse
from conformance.gate.revisions.new import new_since_revision
from conformance.project.scripts import alembic_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.engines.started import Session
    from conformance.gate.evidence.report import GateReport

INI = """
[alembic]
script_location = %(here)s/alembic
"""

ENV = """
from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.execute("SET LOCAL lock_timeout = '5s'")
    context.run_migrations()
"""

BASE = """
from alembic import context, op

revision = "0001"
down_revision = None

STATEMENTS = (
    "SET LOCAL client_min_messages = error",
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "SET LOCAL client_min_messages = notice",
    "CREATE TABLE places (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "name text NOT NULL, size integer)",
    "CREATE TABLE readings (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, "
    "place_id integer NOT NULL REFERENCES places (id), value double precision, "
    "PRIMARY KEY (id, at))",
    "SELECT create_hypertable('readings', 'at', chunk_time_interval => INTERVAL '7 days')",
)
COMPRESSION = (
    "ALTER TABLE readings SET (timescaledb.compress, "
    "timescaledb.compress_segmentby = 'place_id', timescaledb.compress_orderby = 'at DESC, id')"
)


def upgrade():
    for statement in STATEMENTS:
        op.execute(statement)
    if context.get_x_argument(as_dictionary=True).get("apache") != "allow":
        op.execute(COMPRESSION)


def downgrade():
    op.execute("DROP TABLE readings")
    op.execute("DROP TABLE places")
"""

REVISION = '''
"""A change.

Written for a test.
"""
import sqlalchemy as sa
from alembic import context, op

revision = "{revision}"
down_revision = {parent!r}
{head}

def upgrade():
{upgrade}

def downgrade():
{downgrade}
'''


def models(*, minimum: str | None = "2.17") -> MetaData:
    """What the base is, as models declare it."""
    metadata = MetaData()
    Table(
        "places",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("name", Text, nullable=False),
        Column("size", Integer),
    )
    Table(
        "readings",
        metadata,
        Column("id", BigInteger, Identity(always=True), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("place_id", Integer, ForeignKey("places.id"), nullable=False),
        Column("value", Double),
        PrimaryKeyConstraint("id", "at"),
        Hypertable("at", chunk_interval="7 days"),
        Compression(segment_by="place_id", order_by="at DESC, id", after=None),
    )
    TimescaleDB(minimum=minimum).require(metadata)
    return metadata


def sql(*statements: str) -> str:
    """The body of an upgrade or downgrade that executes these."""
    return "\n".join(f"op.execute({statement!r})" for statement in statements) or "pass"


@dataclass
class Project:
    """A folder with models, an ini file, an env.py and revisions."""

    folder: Path

    @classmethod
    def made_in(cls, folder: Path, env: str = ENV) -> Project:
        """With the base only."""
        (folder / "alembic/versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text(INI)
        (folder / "alembic/env.py").write_text(env)
        (folder / "alembic/versions/0001_base.py").write_text(BASE)
        return cls(folder)

    @property
    def ini(self) -> Path:
        return self.folder / "alembic.ini"

    def revision(
        self,
        upgrade: str,
        downgrade: str = "pass",
        *,
        head: str = "",
        revision: str = "0002",
        parent: str | None = "0001",
    ) -> Path:
        """Add one; `head` stands among its names."""
        path = self.folder / f"alembic/versions/{revision}_change.py"
        path.write_text(
            REVISION.format(
                revision=revision,
                parent=parent,
                head=head,
                upgrade=textwrap.indent(upgrade, "    "),
                downgrade=textwrap.indent(downgrade, "    "),
            ).lstrip()
        )
        return path

    def rehearse(self, session: Session, metadata: MetaData, *, since: str = "0001") -> GateReport:
        """All revisions after the base, on the session's engine."""
        config = alembic_config(self.ini)
        return rehearse(session, config, new_since_revision(config, since), metadata)


@dataclass(frozen=True)
class Case:
    """A revision, and the codes of all findings that it must give.

    Attributes:
        upgrade: the body of its upgrade.
        downgrade: that of its downgrade.
        codes: what must be found, and nothing else.
        edit: brings the models to what the revision makes.
        head: more of its module.
        minimum: the oldest TimescaleDB that the models allow; None: they name none.
        community: it is about compression.
        decompresses: it takes rows out of compressed chunks, where there are such.
    """

    name: str
    upgrade: str
    downgrade: str
    codes: frozenset[str] | set[str] = frozenset()
    edit: Callable[[MetaData], None] | None = None
    head: str = ""
    minimum: str | None = "2.17"
    community: bool = False
    decompresses: bool = False

    def codes_on(self, edition: str) -> set[str]:
        """What must be found on a server of the edition."""
        decompresses = self.decompresses and edition == "community"
        return {*self.codes, *(("decompression",) if decompresses else ())}

    def models(self) -> MetaData:
        """What the database must be afterwards."""
        metadata = models(minimum=self.minimum)
        if self.edit is not None:
            self.edit(metadata)
        return metadata
