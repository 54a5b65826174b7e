"""Storage parameters are compared by what they mean, not by how they were written."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import Default
from conformance.comparing.parameters import normal


@pytest.mark.parametrize(
    ("name", "value", "method", "text"),
    [
        ("autovacuum_enabled", " TRUE ", None, "on"),
        ("toast.autovacuum_enabled", True, None, "on"),
        ("fillfactor", "100", None, "100"),
        ("fillfactor", 90, "btree", "90"),
        ("fillfactor", 75, "hash", "75"),
        ("pages_per_range", 128, "brin", "128"),
        ("tablespace", "pg_default", None, "pg_default"),
    ],
)
def test_a_default_that_is_written_out_is_the_default(name, value, method, text):
    found = normal(name, value, method)
    assert (found, type(found)) == (text, Default)


@pytest.mark.parametrize(
    ("name", "value", "method", "text"),
    [
        ("autovacuum_enabled", "0", None, "off"),
        ("fillfactor", "90", None, "90"),
        ("fillfactor", "100", "btree", "100"),
        ("fillfactor", "100", "brin", "100"),
        ("vacuum_truncate", "true", None, "true"),
        ("parallel_workers", 4, None, "4"),
        ("tablespace", "Fast", None, "Fast"),
    ],
)
def test_another_value_is_no_default(name, value, method, text):
    found = normal(name, value, method)
    assert (found, type(found)) == (text, str)
