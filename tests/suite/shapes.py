"""Projects in the shapes that people have, as the tools' own templates make them.

None knows of the suite: only its models declare, and pyproject.toml says what nothing else does.
"""

from __future__ import annotations

import io
import re
import shutil
import textwrap
from pathlib import Path

from alembic import command
from alembic.config import Config

BASE = """
    from datetime import datetime
    from sqlalchemy import DateTime, Double, MetaData
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
    from conformance import Compression, Hypertable

    class Base(DeclarativeBase):
        metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})
        type_annotation_map = {datetime: DateTime(timezone=True), float: Double}
"""
SAMPLE = """
    class Sample(Base):
        __tablename__ = "samples"
        __table_args__ = (
            Hypertable("taken_at", chunk_interval="1 day"),
            Compression(segment_by="well", order_by="taken_at DESC", after="14 days"),
        )
        well: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        taken_at: Mapped[datetime] = mapped_column(primary_key=True)
        depth: Mapped[float | None]
"""
#: {s}: the schema of TimescaleDB's functions, {t}: that of the table.
STEPS = """
    from alembic import op

    revision = "a1"
    down_revision = None
    EXTENSION = ({extension})
    HYPERTABLE = (
        "SELECT {s}create_hypertable('{t}samples', {s}by_range('taken_at', INTERVAL '1 day'))",
        "ALTER TABLE {t}samples SET (timescaledb.compress, timescaledb.compress_segmentby = 'well',"
        " timescaledb.compress_orderby = 'taken_at DESC')",
        "SELECT {s}add_compression_policy('{t}samples', INTERVAL '14 days')",
    )

    def upgrade():
        for statement in EXTENSION:
            op.execute(statement)
        op.execute(
            "CREATE TABLE {t}samples (well integer NOT NULL, taken_at timestamptz NOT NULL,"
            " depth double precision, CONSTRAINT pk_samples PRIMARY KEY (well, taken_at))"
        )
        for statement in HYPERTABLE:
            op.execute(statement)

    def downgrade():
        op.execute("DROP TABLE {t}samples")
"""
USUAL = '"CREATE EXTENSION IF NOT EXISTS timescaledb",'


def _write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def _initialized(folder, template, *edits):
    """`alembic init -t TEMPLATE migrations`, and what its comments tell one to edit."""
    config = Config(str(folder / "alembic.ini"), stdout=io.StringIO())
    command.init(config, str(folder / "migrations"), template=template)
    ini = (folder / "alembic.ini").read_text()
    (folder / "alembic.ini").write_text(ini.replace(str(folder), "%(here)s"))
    _edit(folder / "migrations/env.py", *edits)


def _edit(file, *edits):
    text = file.read_text()
    for old, new in edits:
        assert text.count(old) == 1, (file, old)
        text = text.replace(old, new)
    file.write_text(text)


def _step(folder, *, schema="", table="", extension=USUAL):
    step = STEPS.replace("{s}", schema).replace("{t}", table).replace("{extension}", extension)
    _write(folder, {"migrations/versions/a1_samples.py": step})


def _target(module):
    return "target_metadata = None", f"from {module} import Base\ntarget_metadata = Base.metadata"


def asynchronous(folder):
    """`alembic init -t async`, with asyncpg."""
    _write(folder, {"wells.py": textwrap.dedent(BASE) + textwrap.dedent(SAMPLE)})
    _initialized(folder, "async", _target("wells"))
    _edit(
        folder / "alembic.ini",
        ("driver://user:pass@localhost/dbname", "postgresql+asyncpg://app:pw@db.invalid/app"),
    )
    _step(folder)
    return ""


def settings(folder):
    """The address is made of variables when the first module is imported, and env.py sets it."""
    _write(folder, {
        "app/__init__.py": "",
        "app/settings.py": """
            import os
            URL = "postgresql+psycopg://app:{DB_PASSWORD}@{DB_HOST}/app".format_map(os.environ)
        """,
        "app/engine.py": """
            from sqlalchemy import create_engine
            from app.settings import URL
            engine = create_engine(URL, pool_size=5)
        """,
        "app/models.py": "from app.engine import engine  # noqa\n"
        + textwrap.dedent(BASE) + textwrap.dedent(SAMPLE),
    })  # fmt: skip
    _initialized(
        folder,
        "generic",
        _target("app.models"),
        ("config = context.config\n", "config = context.config\nfrom app.settings import URL\n"
         "config.set_main_option('sqlalchemy.url', URL)\n"),
    )  # fmt: skip
    _step(folder)
    return """
        models = "app.models:Base"
        environment = { DB_HOST = "db.invalid", DB_PASSWORD = "unknown" }
    """


def sqlmodel(folder):
    """SQLModel, with tables in a schema of their own, and the tables in several modules."""
    _write(folder, {
        "lab/__init__.py": "",
        "lab/samples.py": """
            from datetime import datetime
            from sqlalchemy import Column, DateTime, Double
            from sqlmodel import Field, SQLModel
            from conformance import Compression, Hypertable

            class Sample(SQLModel, table=True):
                __tablename__ = "samples"
                __table_args__ = (
                    Hypertable("taken_at", chunk_interval="1 day"),
                    Compression(segment_by="well", order_by="taken_at DESC", after="14 days"),
                    {"schema": "lab"},
                )
                well: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
                taken_at: datetime = Field(
                    sa_column=Column(DateTime(timezone=True), primary_key=True)
                )
                depth: float | None = Field(default=None, sa_column=Column(Double))

            SQLModel.metadata.naming_convention = {"pk": "pk_%(table_name)s"}
        """,
    })  # fmt: skip
    models = (
        "import lab.samples\nfrom sqlmodel import SQLModel\ntarget_metadata = SQLModel.metadata"
    )
    _initialized(folder, "generic", ("target_metadata = None", models))
    _step(folder, table="lab.", extension=f'{USUAL} "CREATE SCHEMA lab",')
    down = folder / "migrations/versions/a1_samples.py"
    down.write_text(down.read_text() + '    op.execute("DROP SCHEMA lab")\n')
    return ""


def flask(folder):
    """Flask-Migrate's own env.py, which asks the application for engine and metadata."""
    import flask_migrate

    templates = Path(flask_migrate.__file__).parent / "templates/flask"
    (folder / "migrations/versions").mkdir(parents=True)
    shutil.copy(templates / "env.py", folder / "migrations")
    shutil.copy(templates / "alembic.ini.mako", folder / "migrations/alembic.ini")
    _write(folder, {
        "shop/__init__.py": """
            from flask import Flask
            from flask_migrate import Migrate
            from shop.models import db

            def create_app():
                app = Flask("shop")
                app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg2://app@db.invalid/app"
                db.init_app(app)
                Migrate(app, db)
                return app
        """,
        "shop/models.py": """
            from flask_sqlalchemy import SQLAlchemy
            from sqlalchemy import MetaData
            from conformance import Compression, Hypertable

            db = SQLAlchemy(metadata=MetaData(naming_convention={"pk": "pk_%(table_name)s"}))

            class Sample(db.Model):
                __tablename__ = "samples"
                __table_args__ = (
                    Hypertable("taken_at", chunk_interval="1 day"),
                    Compression(segment_by="well", order_by="taken_at DESC", after="14 days"),
                )
                well = db.Column(db.Integer, primary_key=True, autoincrement=False)
                taken_at = db.Column(db.DateTime(timezone=True), primary_key=True)
                depth = db.Column(db.Double)
        """,
    })  # fmt: skip
    _step(folder)
    return """
        models = "shop.models:db.metadata"
        alembic_ini = "migrations/alembic.ini"
        flask_app = "shop:create_app"
    """


AGGREGATE = """
    from sqlalchemy import func, select, text
    from conformance.declarations import ContinuousAggregate, Refresh

    day = func.tools.time_bucket(text("INTERVAL '1 day'"), Sample.taken_at).label("day")

    class DailyDepth(Base):
        __tablename__ = "daily_depths"
        __table_args__ = (
            ContinuousAggregate(
                select(Sample.well, day, func.max(Sample.depth).label("deepest"))
                .group_by(Sample.well, day)
            ),
            Refresh(start_offset="3 days", end_offset="1 hour", schedule_interval="30 minutes"),
        )
        well: Mapped[int] = mapped_column(primary_key=True)
        day: Mapped[datetime] = mapped_column(primary_key=True)
        deepest: Mapped[float | None]
"""
DAILY = """
    from alembic import op

    revision = "a2"
    down_revision = "a1"

    def upgrade():
        op.execute(
            "CREATE MATERIALIZED VIEW daily_depths WITH (timescaledb.continuous,"
            " timescaledb.materialized_only = true) AS"
            " SELECT well, tools.time_bucket(INTERVAL '1 day', taken_at) AS day,"
            " max(depth) AS deepest FROM samples GROUP BY 1, 2 WITH NO DATA"
        )
        op.execute(
            "SELECT tools.add_continuous_aggregate_policy('daily_depths', INTERVAL '3 days',"
            " INTERVAL '1 hour', INTERVAL '30 minutes')"
        )

    def downgrade():
        op.execute("DROP MATERIALIZED VIEW daily_depths")
"""


def own_schema(folder):
    """TimescaleDB in a schema that is on nobody's search_path, made outside the migrations."""
    _write(folder, {
        "wells.py": textwrap.dedent(BASE) + textwrap.dedent(SAMPLE) + textwrap.dedent(AGGREGATE),
        "deploy/before.sql": """
            CREATE SCHEMA tools;
            CREATE EXTENSION timescaledb SCHEMA tools;
        """,
    })  # fmt: skip
    _initialized(folder, "generic", _target("wells"))
    _edit(
        folder / "alembic.ini",
        ("driver://user:pass@localhost/dbname", "postgresql://app:pw@db.invalid/app"),
    )
    _step(folder, schema="tools.", extension="")
    _write(folder, {"migrations/versions/a2_daily.py": DAILY})
    return 'prepare = "deploy/before.sql"'


PLACES = """
    from alembic import op

    revision = "p1"
    down_revision = None
    branch_labels = ("places",)

    def upgrade():
        op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        op.execute(
            "CREATE TABLE wells (id serial PRIMARY KEY, name text NOT NULL,"
            " tags text[] NOT NULL DEFAULT '{}', data jsonb,"
            " short text GENERATED ALWAYS AS (left(name, 3)) STORED)"
        )

    def downgrade():
        op.execute("DROP TABLE wells")
"""


def two_bases(folder):
    """Two declarative bases, of which one refers to the other; env.py lists both MetaData.

    Each has a branch of revisions in a folder of its own.
    """
    _write(folder, {
        "places.py": """
            from sqlalchemy import Computed, Text, text
            from sqlalchemy.dialects.postgresql import ARRAY, JSONB
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

            class Places(DeclarativeBase):
                pass

            class Well(Places):
                __tablename__ = "wells"
                id: Mapped[int] = mapped_column(
                    primary_key=True, server_default=text("nextval('wells_id_seq'::regclass)")
                )
                name: Mapped[str] = mapped_column(Text)
                tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
                data: Mapped[dict | None] = mapped_column(JSONB)
                short: Mapped[str | None] = mapped_column(
                    Text, Computed("left(name, 3)", persisted=True)
                )
        """,
        "samples.py": "from sqlalchemy import ForeignKey\nfrom places import Well\n"
        + textwrap.dedent(BASE)
        + textwrap.dedent(SAMPLE).replace(
            "mapped_column(primary_key=True, autoincrement=False)",
            "mapped_column(ForeignKey(Well.id, name='fk_wells'), primary_key=True)",
        ),
    })  # fmt: skip
    _initialized(folder, "generic", (
        "target_metadata = None",
        "from places import Places\nfrom samples import Base\n"
        "target_metadata = [Places.metadata, Base.metadata]",
    ))  # fmt: skip
    locations = "%(here)s/migrations/versions:%(here)s/migrations/places"
    _edit(folder / "alembic.ini", (
        "script_location = %(here)s/migrations\n",
        f"script_location = %(here)s/migrations\nversion_locations = {locations}\n",
    ))  # fmt: skip
    # Alembic 1.13 takes the comment that its template has there for a part of the value.
    ini = (folder / "alembic.ini").read_text()
    (folder / "alembic.ini").write_text(re.sub("(path_separator = os) .*", r"\1", ini))
    _write(folder, {"migrations/places/p1_wells.py": PLACES})
    _step(folder, extension="")
    _edit(
        folder / "migrations/versions/a1_samples.py",
        (
            "down_revision = None\n",
            'down_revision = None\nbranch_labels = ("samples",)\ndepends_on = "p1"\n',
        ),
        (
            "PRIMARY KEY (well, taken_at))",
            'PRIMARY KEY (well, taken_at),"\n'
            '        " CONSTRAINT fk_wells FOREIGN KEY (well) REFERENCES wells (id))',
        ),
    )
    return ""


SHAPES = (asynchronous, settings, sqlmodel, flask, own_schema, two_bases)


def made(shape, folder):
    """The project, with its pyproject.toml."""
    configuration = textwrap.dedent(shape(folder))
    _write(folder, {"pyproject.toml": f"[tool.conformance]\n{configuration}\n"})
    return folder
