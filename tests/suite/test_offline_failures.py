"""What is said of offline SQL that the server refuses."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from conformance.suite.test_migrations import offline_failure


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "syntax error\nLINE 77:     total NUMERIC NOT NULL, \n     ^",
            "in total NUMERIC NOT NULL,",
        ),
        ("syntax error\nLINE 7: ...  total NUMERIC", "in total NUMERIC"),
        ("no table", "RuntimeError: no table"),
    ],
)
def test_the_line_is_quoted(error, words):
    finding = offline_failure(RuntimeError(error))
    assert finding.id == "migration:alembic:offline_sql"
    assert finding.message.endswith(words)


def test_a_lost_connection_is_none_of_them():
    """The run ends, as it does wherever else the connection is lost."""
    lost = OperationalError("SELECT 1", None, Exception("gone"), connection_invalidated=True)
    with pytest.raises(OperationalError, match="gone"):
        offline_failure(lost)
