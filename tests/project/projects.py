"""Small projects of other people's kinds, written for one test each."""

from __future__ import annotations

import textwrap

from conformance.project.configuration import Configuration
from conformance.project.migrations import Migrations
from conformance.project.scripts import config_for

#: Takes the connection that it is given.
ENV = """
from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
import os
from alembic import op

revision = "{number}"
down_revision = {parent!r}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
"""
EXTENSION = 'op.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")'


def write(folder, files):
    """Files by their names."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def migrations_in(folder, *upgrades, env=ENV, downgrade="pass"):
    """A folder with an ini file, an env.py, and a revision for each body of an upgrade()."""
    write(folder, {
        "alembic.ini": "[alembic]\nscript_location = %(here)s/steps\n",
        "steps/env.py": env,
    })  # fmt: skip
    for place, body in enumerate(upgrades, 1):
        parent = f"{place - 1:04}" if place > 1 else None
        source = REVISION.format(
            number=f"{place:04}",
            parent=parent,
            upgrade=textwrap.indent(textwrap.dedent(body), "    "),
            downgrade=textwrap.indent(textwrap.dedent(downgrade), "    "),
        )
        write(folder, {f"steps/versions/{place:04}_step.py": source})
    return folder


def migrations_of(engine, folder, **configuration):
    """The migrations of such a folder on an engine; the folder is the working directory."""
    project = Configuration(
        alembic_ini=str(folder / "alembic.ini"), folder=str(folder), **configuration
    )
    return Migrations.on(engine, config_for(project))
