"""What the embedded engine is sent in place of statements that it cannot run."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, create_engine, inspect

from conformance.errors import MigrationFailed
from conformance.project.left_out import LeftOut, in_one_transaction

from .projects import EXTENSION, migrations_in, migrations_of

BY_CHUNK = "CREATE INDEX i ON t (a) WITH (timescaledb.transaction_per_chunk)"


@pytest.mark.parametrize(
    ("statement", "sent"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX i ON t (a)"),
        ("create unique index\nconcurrently if not exists i ON t (a)",
         "create unique index if not exists i ON t (a)"),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX i"),
        ("REINDEX TABLE CONCURRENTLY t", "REINDEX TABLE t"),
        ("REINDEX (VERBOSE) INDEX CONCURRENTLY i;", "REINDEX (VERBOSE) INDEX i;"),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "ALTER TABLE t DETACH PARTITION p"),
        (BY_CHUNK, "CREATE INDEX i ON t (a)"),
        (BY_CHUNK.replace("chunk)", "chunk = true)"), "CREATE INDEX i ON t (a)"),
        *((kept, kept) for kept in (
            "CREATE INDEX i ON t (a)",
            "CREATE INDEX concurrently_made ON t (a)",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "SELECT 'CREATE INDEX CONCURRENTLY i ON t (a)'",
            "VACUUM FULL t",
        )),
    ],
)  # fmt: skip
def test_a_statement_of_one_transaction(statement, sent):
    assert in_one_transaction(statement) == sent


def test_a_script_keeps_what_stands_in_a_transaction():
    concurrently = "CREATE INDEX CONCURRENTLY i ON t (a);\n\n"
    script = ["BEGIN;\n\n", concurrently, "COMMIT;\n\n", concurrently, "BEGIN;\n\n", "COMMIT;\n\n"]
    sent = [*script[:3], "CREATE INDEX i ON t (a);\n\n", *script[4:]]
    assert list(LeftOut().of_script(script)) == sent


@pytest.fixture
def embedded(conformance_engine):
    if conformance_engine.name != "embedded":
        pytest.skip("another engine runs such statements as they are")
    return conformance_engine


TABLE = EXTENSION + '\nop.execute("CREATE TABLE doors (id integer)")\n'
INDEX = 'op.execute("CREATE INDEX CONCURRENTLY ix_doors ON doors (id)")'
IN_AUTOCOMMIT = f"with op.get_context().autocommit_block():\n    {INDEX}"


def upgraded(engine, folder):
    """The migrations, and the indexes of the table."""
    migrations = migrations_of(engine, folder)
    with (
        engine.database() as url,
        create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        migrations.upgrade(connection)
        return migrations, inspect(connection).get_indexes("doors")


def test_an_index_is_built_in_one_transaction(embedded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = migrations_in(tmp_path, TABLE + IN_AUTOCOMMIT)
    migrations, indexes = upgraded(embedded, folder)
    assert [index["name"] for index in indexes] == ["ix_doors"]
    assert migrations.not_concurrently == ("CREATE INDEX CONCURRENTLY ix_doors ON doors (id)",)
    written = [item for item in migrations.offline_statements() if "ix_doors" in item]
    assert written == ["CREATE INDEX ix_doors ON doors (id);\n\n"]


def test_within_a_transaction_the_server_refuses_it(embedded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    migrations = migrations_of(embedded, migrations_in(tmp_path, TABLE + INDEX))
    with embedded.database() as url, pytest.raises(MigrationFailed) as caught:
        migrations.template().prepare(url)
    assert "cannot run inside a transaction block" in caught.value.problem
    assert "autocommit_block()" in caught.value.hint
    assert migrations.not_concurrently == ()


def test_what_cannot_run_in_one_transaction_names_other_engines(embedded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    full = IN_AUTOCOMMIT.replace(INDEX, 'op.execute("REINDEX (CONCURRENTLY) TABLE doors")')
    table = TABLE.replace("id integer", "id integer PRIMARY KEY")
    migrations = migrations_of(embedded, migrations_in(tmp_path, table + full))
    with embedded.database() as url, pytest.raises(MigrationFailed) as caught:
        migrations.template().prepare(url)
    assert "The statement is: REINDEX (CONCURRENTLY) TABLE doors." in caught.value.problem
    assert caught.value.hint.startswith("The embedded engine cannot run a statement that uses ")
