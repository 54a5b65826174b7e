"""Databases to inspect, with the schemas of `schemas.py`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

import pytest
from sqlalchemy import NullPool, create_engine

from conformance.engines.base import Template

from .schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL


class Inspected(NamedTuple):
    """A database, and the schemas that are read."""

    address: str
    schemas: tuple[str, ...]


def run(url: URL, sql: str) -> None:
    """Run statements in a transaction."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("SET LOCAL client_min_messages = error")
        connection.exec_driver_sql(sql)


def address(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def bare() -> Template:
    """A database with nothing but the extension."""
    return Template("bare", "bare", lambda url: run(url, "CREATE EXTENSION timescaledb"))


@pytest.fixture(scope="session")
def roles(conformance_engine, bare) -> Iterator[dict[str, str]]:
    """The names of two roles; where databases share a server, so do the roles."""
    names = {name: f"{name}_{uuid.uuid4().hex[:8]}" for name in ("reader", "writer")}
    yield names
    with conformance_engine.database(bare) as url:
        run(url, "".join(f"DROP ROLE IF EXISTS {name};" for name in names.values()))


@pytest.fixture(scope="session")
def community_edition(conformance_engine) -> None:
    """Skip what the Apache edition lacks."""
    if not conformance_engine.capabilities.community_edition:
        pytest.skip("needs the Community edition")


@pytest.fixture(scope="module", params=SCHEMAS)
def inspected(request, conformance_engine, bare, roles) -> Iterator[Inspected]:
    """Each of the schemas, in a database of its own, which tests only read."""
    request.getfixturevalue("community_edition")
    with conformance_engine.database(bare) as url:
        sql = SCHEMAS[request.param]
        made = "".join(
            f"DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
            for name in roles.values()
            if name.split("_")[0] in sql
        )
        # A run of a policy would be a fact of the database.
        run(url, made + "SELECT _timescaledb_functions.stop_background_workers()")
        for mark, name in roles.items():
            sql = sql.replace(f"{{{mark}}}", name)
        run(url, sql)
        schemas = ("public", "grid") if request.param == "grid" else ("public",)
        yield Inspected(address(url), schemas)
