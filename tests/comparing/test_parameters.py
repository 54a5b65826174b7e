"""Options and storage parameters: a default that is written out is the default."""

from __future__ import annotations

import pytest

from conformance.comparing.facts import Default
from conformance.comparing.parameters import normal, refresh_option


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


@pytest.mark.parametrize(
    ("name", "value", "compared"),
    [
        ("max_batches_per_execution", 0, None),
        ("max_batches_per_execution", 1, 1),
        ("refresh_newest_first", True, None),
        ("refresh_newest_first", False, False),
        ("refresh_newest_first", None, None),
        ("buckets_per_batch", 0, 0),
        ("buckets_per_batch", 10, 10),
        ("include_tiered_data", True, True),
        ("include_tiered_data", False, False),
    ],
)
def test_an_option_of_a_refresh(name, value, compared):
    assert refresh_option(name, value) is compared
