"""A database's address in the words of each driver."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from conformance.engines.addresses import for_libpq, libpq_parameters, parameters_to, written_for
from conformance.engines.connecting import parse_url

ADDRESS = "desk:s3cr3t@host:5433/macro"


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("postgresql+asyncpg://{}?ssl=require", "require"),
        ("postgresql+asyncpg://{}?ssl=verify-full", "verify-full"),
        ("postgresql+asyncpg://{}?ssl=true&prepared_statement_cache_size=0", "require"),
        ("postgresql+asyncpg://{}?ssl=disable", "disable"),
        ("postgresql://{}?ssl=False", "disable"),
        ("timescaledb+asyncpg://{}?ssl=require&ssl=prefer", None),
        ("timescaledb://{}?sslmode=prefer", "prefer"),
        ("timescaledb+psycopg://{}", None),
        ("postgresql+psycopg://{}?sslmode=allow&ssl=require", "allow"),
    ],
)
def test_every_way_to_write_it_leads_psycopg2_there(written, mode):
    url = parse_url(written.format(ADDRESS))
    known = libpq_parameters(url)
    assert url.drivername == "postgresql+psycopg2"
    assert known.pop("sslmode", None) == mode
    assert known == {
        "host": "host", "port": 5433, "user": "desk", "password": "s3cr3t", "dbname": "macro",
    }  # fmt: skip


def test_asyncpg_gets_what_it_knows():
    url = make_url(
        f"postgresql+psycopg2://{ADDRESS}"
        "?sslmode=verify-ca&sslrootcert=/ca.pem&connect_timeout=5&gssencmode=disable"
    )
    found = parameters_to("asyncpg", url, {"server_settings": {"jit": "off"}, "ssl": "require"})
    assert found == {
        "dsn": "postgresql://?sslmode=verify-ca&sslrootcert=%2Fca.pem",
        "host": "host", "port": 5433, "user": "desk", "password": "s3cr3t", "database": "macro",
        "server_settings": {"jit": "off"},
    }  # fmt: skip


def test_asyncpg_gets_several_hosts_and_a_socket():
    several = make_url("postgresql+psycopg2://u@/d?host=a,b&port=1,2")
    assert parameters_to("asyncpg", several, {})["host"] == ["a", "b"]
    assert parameters_to("asyncpg", several, {})["port"] == [1, 2]
    socket = make_url("postgresql+psycopg2://u@/d?host=/var/run")
    assert parameters_to("asyncpg", socket, {}) == {
        "host": "/var/run",
        "user": "u",
        "database": "d",
    }


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_the_others_get_all_of_it(driver):
    url = make_url(f"postgresql+psycopg2://{ADDRESS}?sslmode=disable")
    found = parameters_to(driver, url, {"connect_timeout": 3, "service": "other", "sslkey": "/k"})
    assert found == {**libpq_parameters(url), "connect_timeout": 3}


@pytest.mark.parametrize(
    ("drivername", "query"),
    [
        ("postgresql", {"sslmode": "disable", "connect_timeout": "60"}),
        ("postgresql+asyncpg", {"ssl": "disable"}),
        ("timescaledb+asyncpg", {"ssl": "disable"}),
        ("timescaledb+psycopg", {"sslmode": "disable", "connect_timeout": "60"}),
    ],
)
def test_it_is_written_for_a_dialect(drivername, query):
    url = make_url(f"postgresql+psycopg2://{ADDRESS}?sslmode=disable&connect_timeout=60")
    written = written_for(url, drivername)
    assert (written.drivername, dict(written.query)) == (drivername, query)
    assert for_libpq(written).query.get("sslmode") == "disable"
