"""pg_dump and pg_restore: found, new enough, and told nothing that others could read."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from conformance.errors import EngineUnavailable
from conformance.upgrade.dumping import check_client, dump_and_restore
from conformance.upgrade.failures import WayFailed, WayUnavailable

SOURCE = make_url("postgresql+psycopg2://me:secret@db:5433/old?sslmode=require")
TARGET = make_url("postgresql+psycopg2://me@/new?host=/run&password=hidden")


class Client:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, code=0, said=""):
        self.answer = code, said
        self.asked = []

    def run(self, command, environment):
        self.asked.append((command, environment))
        return self.answer


@pytest.mark.parametrize(
    "said", ["pg_dump (PostgreSQL) 17.2 (Debian)", "pg_dump (PostgreSQL) 18.0"]
)
def test_a_client_that_suits(said):
    check_client(Client(said=said), "17.5")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "pg_dump (PostgreSQL) 15.20",
            "pg_dump of PostgreSQL 15 is older than the server, PostgreSQL 17",
        ),
        ("command not found", "pg_dump does not print its version: command not found"),
    ],
)
def test_a_client_that_does_not(said, reason):
    with pytest.raises(WayUnavailable, match=reason):
        check_client(Client(said=said), "17.5")


def test_passwords_stand_on_no_command_line():
    client = Client()
    dump_and_restore(client, SOURCE, TARGET, "/tmp")
    (dump, of_source), (restore, of_target) = client.asked
    assert dump[-1] == "--dbname=postgresql://me@db:5433/old?sslmode=require"
    assert restore[-1] == "--dbname=postgresql://me@/new?host=%2Frun"
    assert (of_source, of_target) == ({"PGPASSWORD": "secret"}, {"PGPASSWORD": "hidden"})


def test_the_first_error_is_the_reason():
    said = "pg_dump: warning: circular\npg_dump: detail: chunk\npg_dump: error: no room\nmore"
    with pytest.raises(WayFailed, match=r"^pg_dump fails: pg_dump: error: no room$"):
        dump_and_restore(Client(1, said), SOURCE, TARGET, "/tmp")


ALREADY = """pg_restore: error: could not execute query: ERROR:  schema "tools" already exists
Command was: CREATE SCHEMA tools;
"""


def test_the_schema_of_the_extension_is_there_already():
    """Of other errors the first is the reason."""
    ignored = "pg_restore: warning: errors ignored on restore: 1"
    client = Client(0)
    client.run = lambda command, _: (0, "") if command[0] == "pg_dump" else (1, ALREADY + ignored)
    dump_and_restore(client, SOURCE, TARGET, "/tmp", "tools")
    with pytest.raises(WayFailed, match=r'schema "tools" already exists$'):
        dump_and_restore(client, SOURCE, TARGET, "/tmp")
    other = "pg_restore: error: no room\n"
    client.run = lambda command, _: (0, "") if command[0] == "pg_dump" else (1, ALREADY + other)
    with pytest.raises(WayFailed, match=r"^pg_restore fails: pg_restore: error: no room$"):
        dump_and_restore(client, SOURCE, TARGET, "/tmp", "tools")


def test_a_key_that_refers_to_a_hypertable():
    said = (
        'pg_restore: error: could not execute query: ERROR:  insert or update on table "notes"'
        ' violates foreign key constraint "notes_at_fkey"\nDETAIL:  Key (at)=(1) is not present'
    )
    with pytest.raises(WayFailed, match=r"add it after timescaledb_post_restore\(\)$"):
        dump_and_restore(Client(1, said), SOURCE, TARGET, "/tmp")


@pytest.mark.parametrize(
    "said",
    [
        "pg_dump: error: query failed: server closed the connection unexpectedly",
        'pg_dump: error: connection to server at "db", port 5433 failed: timeout expired',
    ],
)
def test_a_lost_connection_is_no_failure_of_the_way(said):
    with pytest.raises(EngineUnavailable, match="ended the connection during pg_dump"):
        dump_and_restore(Client(1, said), SOURCE, TARGET, "/tmp")
