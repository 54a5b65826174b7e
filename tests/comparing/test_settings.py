"""Settings and storage parameters: which are the same, and which change what rows or plans are."""

from __future__ import annotations

import pytest

from conformance.comparing import parameters, settings
from conformance.comparing.facts import Default
from conformance.comparing.settings import changes_meaning


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("on", "on"),
        ("TRUE", "on"),
        ("yes", "on"),
        ("1", "on"),
        ("False", "off"),
        ("no", "off"),
        ("0", "off"),
        ("64MB", "64MB"),
        ('"$user",public', "$user, public"),
        ("'a' ,  \"B\"", "a, B"),
        ("Xaxis", "Xaxis"),
    ],
)
def test_values_of_settings_that_are_the_same(value, normal):
    assert settings.normal(value) == normal


@pytest.mark.parametrize(
    ("name", "usual", "other"),
    [
        ("session_replication_role", "origin", "replica"),
        ("row_security", "on", "off"),
        ("transform_null_equals", "off", "on"),
        ("standard_conforming_strings", "on", "off"),
        ("array_nulls", "on", "off"),
        ("zero_damaged_pages", "off", "on"),
        ("ignore_checksum_failure", "off", "on"),
        ("ignore_system_indexes", "off", "on"),
        ("event_triggers", "on", "off"),
        ("timescaledb.disable_load", "off", "on"),
        ("timescaledb.restoring", "off", "on"),
    ],
)
@pytest.mark.parametrize("of_role", [False, True])
def test_what_gives_expressions_another_meaning_whoever_has_it(name, usual, other, of_role):
    assert not changes_meaning(name, usual, of_role=of_role)
    assert changes_meaning(name, other, of_role=of_role)
    assert changes_meaning(name.upper(), other.upper(), of_role=of_role)
    assert changes_meaning(name, {"on": "1", "off": "no"}.get(other, other), of_role=of_role)


@pytest.mark.parametrize(
    ("name", "usual", "other"),
    [
        ("TimeZone", "UTC", "Asia/Tokyo"),
        ("TimeZone", "Etc/GMT", "Etc/GMT+1"),
        ("DateStyle", "ISO, MDY", "ISO, DMY"),
        ("DateStyle", "SQL", "German, YMD"),
        ("DateStyle", "ISO", "ISO, YMD"),
        ("DateStyle", "German, MDY", "German"),
        ("DateStyle", "US, German", "European"),
        ("DateStyle", "German, NonEuropean", "Euro"),
        ("extra_float_digits", "1", "0"),
        ("extra_float_digits", "3", "-2"),
        ("timescaledb.max_tuples_decompressed_per_dml_transaction", "0", "1"),
        ("timescaledb.max_tuples_decompressed_per_dml_transaction", "100000", "99999"),
        ("timescaledb.max_tuples_decompressed_per_dml_transaction", "many", "1000"),
        ("default_transaction_read_only", "off", "on"),
        ("default_transaction_isolation", "read committed", "serializable"),
        ("plan_cache_mode", "auto", "force_generic_plan"),
        ("track_counts", "on", "off"),
        ("gin_fuzzy_search_limit", "0", "100"),
        ("timescaledb.enable_direct_compress_copy_client_sorted", "off", "on"),
        ("timescaledb.enable_direct_compress_insert_client_sorted", "off", "on"),
        ("enable_seqscan", "on", "off"),
        ("timescaledb.enable_chunk_append", "true", "false"),
    ],
)
def test_what_the_applications_sessions_begin_with(name, usual, other):
    assert not changes_meaning(name, usual, of_role=False)
    assert changes_meaning(name, other, of_role=False)
    # A role of its own reads reports in its own way.
    assert not changes_meaning(name, other, of_role=True)


@pytest.mark.parametrize(
    "zone", ["utc", "'utc'", "UTC", "Etc/UTC", "GMT", "Zulu", "etc/zulu", "UCT"]
)
def test_every_name_of_utc(zone):
    assert not changes_meaning("timezone", zone, of_role=False)


def test_a_search_path_that_leads_away_from_tables():
    assert not changes_meaning("search_path", "attic, public", of_role=False)
    assert changes_meaning("search_path", "attic, public", of_role=False, hidden=("public.t",))


@pytest.mark.parametrize("value", ["off", "on"])
def test_a_plan_that_the_server_does_not_try_by_itself(value):
    assert not changes_meaning("enable_partitionwise_join", value, of_role=False, initial="off")


@pytest.mark.parametrize("name", ["work_mem", "statement_timeout", "jit", "track_enable_io"])
def test_other_settings_change_neither_rows_nor_plans(name):
    assert not changes_meaning(name, "off", of_role=False)


@pytest.mark.parametrize(
    ("name", "value", "normal"),
    [
        ("fillfactor", 70, "70"),
        ("fillfactor", " 70 ", "70"),
        ("fastupdate", False, "off"),
        ("fastupdate", "False", "off"),
        ("buffering", "ON", "on"),
        ("autosummarize", "1", "on"),
        ("deduplicate_items", "no", "off"),
        ("vacuum_index_cleanup", "True", "True"),
        ("parallel_workers", True, "true"),
        ("partitioning_function", "tools.Half", "tools.Half"),
        ("autovacuum_enabled", False, "off"),
        ("autosummarize", "on", "on"),
        ("pages_per_range", 64, "64"),
        ("vacuum_truncate", True, "true"),
        ("n_distinct", "-0.5", "-0.5"),
        ("fillfactor", 90, "90"),
        ("user_catalog_table", "on", "on"),
        ("statistics", 500, "500"),
        ("tablespace", "fast", "fast"),
        ("replica_identity", "full", "full"),
    ],
)
def test_values_of_parameters_that_are_the_same(name, value, normal):
    found = parameters.normal(name, value)
    assert found == normal
    assert not isinstance(found, Default)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("autovacuum_enabled", True),
        ("autovacuum_enabled", "yes"),
        ("toast.autovacuum_enabled", "on"),
        ("buffering", "AUTO"),
        ("fastupdate", True),
        ("deduplicate_items", "1"),
        ("autosummarize", "no"),
        ("pages_per_range", 128),
        ("vacuum_index_cleanup", "AUTO"),
        ("toast.vacuum_index_cleanup", "auto"),
        ("n_distinct", 0),
        ("n_distinct_inherited", 0),
        ("fillfactor", 100),
        ("user_catalog_table", "0"),
        ("statistics", -1),
        ("tablespace", "pg_default"),
        ("tablespace", "PG_DEFAULT"),
        ("replica_identity", "default"),
    ],
)
def test_defaults_of_parameters(name, value):
    assert isinstance(parameters.normal(name, value), Default)


@pytest.mark.parametrize(
    ("method", "default"), [("btree", 90), ("hash", 75), ("gist", 90), ("spgist", 80)]
)
def test_the_usual_fillfactor_of_an_index_depends_on_its_method(method, default):
    assert isinstance(parameters.normal("fillfactor", default, method), Default)
    assert not isinstance(parameters.normal("fillfactor", 100, method), Default)
    assert not isinstance(parameters.normal("fillfactor", default, "rum"), Default)
