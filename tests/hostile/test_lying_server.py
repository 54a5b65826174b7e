"""A server that lies about its versions: one sentence, and no verdict on another schema."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from conformance.cli import main
from conformance.comparing.capabilities import version_tuple
from tests.click_runner import CliRunner

_NUMBER = "pg_catalog.current_setting('server_version_num')"
_VERSION = "pg_catalog.current_setting('server_version')"
_EXTENSION = "(SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')"
LIES = [
    *((_EXTENSION, lie) for lie in (
        "99.99-evil", "2.17.2", "2.99.0", "garbage", "", "²", "-1", "9" * 5000, "x" * 100_000,
        "2.30\x1b[31m\n::error::x",
    )),
    *((_NUMBER, lie) for lie in (
        "999999999", "140000", "990000", "0", "-170000", "garbage", "", "9" * 20,
    )),
    *((_VERSION, lie) for lie in ("99.99-evil", "garbage\x1b[2J", "", "  ", "x" * 100_000)),
]  # fmt: skip


@pytest.fixture(scope="module")
def address(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def lying():
    """Puts an answer of its own into each statement that asks for a version."""
    listeners = []

    def lie(asked, answer):
        literal = "'{}'".format(answer.replace("'", "''").replace("%", "%%"))

        def instead(_connection, _cursor, statement, parameters, *_):
            return statement.replace(asked, literal), parameters

        event.listen(Engine, "before_cursor_execute", instead, retval=True)
        listeners.append(instead)

    yield lie
    for listener in listeners:
        event.remove(Engine, "before_cursor_execute", listener)


def test_the_server_itself_does_not_lie(address):
    assert CliRunner().invoke(main, ["audit", address]).exit_code == 0


@pytest.mark.parametrize(("asked", "answer"), LIES, ids=lambda text: ascii(text)[:40])
def test_a_lie_ends_in_a_sentence(address, lying, asked, answer):
    lying(asked, answer)
    result = CliRunner().invoke(main, ["audit", address])
    assert result.exit_code == 2
    assert result.stderr.startswith(
        ("conformance: The database says that it has Time", "conformance: The database has Time")
        if asked is _EXTENSION
        else "conformance: The server says that it is PostgreSQL"
    )
    assert len(result.stderr) < 400
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.²", (2,)), ("٣.1", ()), ("1" * 5000, ()), ("2.1_0", (2,)), ("2.+1", (2,)), ("", ())],
)
def test_only_digits_are_numbers_of_a_version(version, numbers):
    assert version_tuple(version) == numbers
