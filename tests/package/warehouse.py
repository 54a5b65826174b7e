"""A small project of somebody else's, which has this package installed and nothing else of ours."""

from __future__ import annotations

CONFIGURATION = """
[tool.conformance]
models = "warehouse.models:Base.metadata"
alembic_ini = "db/alembic.ini"
"""
INI = """
[alembic]
script_location = %(here)s/migrations
"""
MODELS = '''
"""What is in stock."""

from datetime import datetime

from sqlalchemy import DateTime, Double, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from conformance import Compression, Hypertable


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), float: Double}


class Stock(Base):
    __tablename__ = "stock"
    __table_args__ = (
        Hypertable("counted_at", chunk_interval="7 days"),
        Compression(segment_by="item", order_by="counted_at DESC", after="30 days"),
    )

    item: Mapped[str] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(primary_key=True)
    amount: Mapped[float]
    shelf: Mapped[str | None]


def fullest(stock: list[Stock]) -> Stock:
    return max(stock, key=lambda one: one.amount)
'''
ENV = """
import os

from alembic import context
from sqlalchemy import create_engine, pool

from warehouse.models import Base


def migrate(**options):
    context.configure(target_metadata=Base.metadata, **options)
    with context.begin_transaction():
        context.execute("SET lock_timeout = '5s'")
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    migrate(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"})
elif given is not None:
    migrate(connection=given)
else:
    with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
        migrate(connection=connection)
"""
FIRST = '''
"""Count what is in stock."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("SET LOCAL client_min_messages = error")
    op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    op.execute("SET LOCAL client_min_messages = notice")
    op.execute(
        "CREATE TABLE stock (item text NOT NULL, counted_at timestamptz NOT NULL,"
        " amount double precision NOT NULL, PRIMARY KEY (item, counted_at))"
    )
    op.execute(
        "SELECT create_hypertable('stock', 'counted_at', chunk_time_interval => INTERVAL '7 days')"
    )
    op.execute(
        "ALTER TABLE stock SET (timescaledb.compress, timescaledb.compress_segmentby = 'item',"
        " timescaledb.compress_orderby = 'counted_at DESC')"
    )
    op.execute("SELECT add_compression_policy('stock', INTERVAL '30 days')")


def downgrade():
    op.execute("DROP TABLE stock")
'''
SECOND = '''
"""Say where it is."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("ALTER TABLE stock ADD COLUMN shelf text")


def downgrade():
    op.execute("ALTER TABLE stock DROP COLUMN shelf")
'''
#: What a project calls as it likes, and what would break whatever took it for ours.
BREAKS = "raise AssertionError(\"this is the project's own, and nobody else's\")\n"

FILES = {
    "pyproject.toml": CONFIGURATION,
    "warehouse/__init__.py": "",
    "warehouse/models.py": MODELS,
    "db/alembic.ini": INI,
    "db/migrations/env.py": ENV,
    "db/migrations/versions/0001_stock.py": FIRST,
    "db/migrations/versions/0002_shelf.py": SECOND,
    "models/__init__.py": BREAKS,
    # pytest reads the conftest.py that it finds below a folder `tests`, and no other file of it.
    "tests/__init__.py": "",
    "tests/test_stock.py": BREAKS,
}


def write(folder):
    """The project's folder, with all of its files in it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
