"""Entities of alembic_utils count as declarations: known by the names of class and attributes."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from conformance.declarations import declare


class Entity:
    """Has the attributes that it is given, as an entity of the library has."""

    def __init__(self, **attributes) -> None:
        self.schema = "public"
        self.__dict__.update(attributes)


class PGFunction(Entity):
    pass


class PGView(Entity):
    pass


class PGMaterializedView(Entity):
    pass


class PGTrigger(Entity):
    is_constraint = False


class PGPolicy(Entity):
    pass


class PGExtension(Entity):
    pass


class PGGrantTable(Entity):
    columns = ()
    with_grant_option = False


class PGSomethingNew(Entity):
    pass


STAMP = PGFunction(
    signature="stamp(x int)",
    definition="RETURNS int AS $body$ SELECT x \\:\\: int + 1 $body$ LANGUAGE SQL IMMUTABLE STRICT",
)
SWALLOW = PGFunction(
    signature="swallow()",
    definition="returns trigger language plpgsql security definer as 'BEGIN RETURN NULL; END'",
)
TRIGGER = PGTrigger(
    signature="swallow",
    definition="BEFORE INSERT OR UPDATE OF name ON public.instruments FOR EACH ROW"
    " WHEN (NEW.id > 7) EXECUTE PROCEDURE public.swallow()",
    on_entity="public.instruments",
)
POLICY = PGPolicy(
    signature="active",
    definition="AS RESTRICTIVE FOR SELECT TO pg_monitor, pg_read_all_data USING (is_active)",
    on_entity="public.instruments",
)
GRANT = PGGrantTable(table="instruments", role="pg_monitor", grant="DELETE")
COLUMNS = PGGrantTable(table="instruments", role="pg_monitor", grant="UPDATE", columns=["name"])
VIEW = PGView(signature="latest", definition="SELECT id, name FROM instruments WHERE id > 7")
KEPT = PGMaterializedView(signature="kept", definition="SELECT max(id) AS last FROM instruments")


def _sql(entity) -> str:
    kind = type(entity).__name__
    definition = getattr(entity, "definition", "").replace("\\:", ":")
    return {
        "PGFunction": f"CREATE FUNCTION {entity.schema}.{getattr(entity, 'signature', '')}"
        f" {definition}",
        "PGTrigger": f"CREATE TRIGGER swallow {definition}",
        "PGPolicy": f"CREATE POLICY active ON instruments {definition}",
        "PGView": f"CREATE VIEW latest AS {definition}",
        "PGMaterializedView": f"CREATE MATERIALIZED VIEW kept AS {definition}",
        "PGGrantTable": "GRANT {} {} ON instruments TO pg_monitor".format(
            getattr(entity, "grant", ""), f"({', '.join(entity.columns)})" if kind ==
            "PGGrantTable" and entity.columns else ""),
    }[kind]  # fmt: skip


CASES = (
    ((STAMP,), {"function:stamp(integer):exists"}),
    ((SWALLOW,), {"function:swallow():exists"}),
    ((SWALLOW, TRIGGER), {"function:swallow():exists", "trigger:instruments.swallow:exists"}),
    ((POLICY,), {"row_security_policy:instruments.active:exists"}),
    ((GRANT,), {"privilege:instruments.pg_monitor:exists"}),
    ((COLUMNS,), {"privilege:instruments (name).pg_monitor:exists"}),
    ((VIEW,), {"view:latest:exists"}),
    ((KEPT,), {"materialized_view:kept:exists"}),
)


@pytest.mark.parametrize(("entities", "missing"), CASES, ids=range(len(CASES)))
def test_an_entity_is_a_declaration(database, entities, missing):
    metadata = database.declaring("instruments")
    declare(metadata, *entities)
    database.expect(missing, metadata)
    for entity in entities:
        database.execute(_sql(entity))
    database.expect((), metadata)
    assert not [item for item in database.compare(metadata).seen if item.kind == "function"]


@pytest.mark.parametrize(
    ("entities", "change", "finding"),
    [
        ((STAMP,), "CREATE OR REPLACE FUNCTION stamp(x int) RETURNS int LANGUAGE sql IMMUTABLE"
         " STRICT AS 'SELECT 0'", "function:stamp(integer):body"),
        ((SWALLOW,), "ALTER FUNCTION swallow() SECURITY INVOKER", "function:swallow():security"),
        ((SWALLOW, TRIGGER), "ALTER TABLE instruments DISABLE TRIGGER swallow",
         "trigger:instruments.swallow:enabled"),
        ((POLICY,), "ALTER POLICY active ON instruments USING (NOT is_active)",
         "row_security_policy:instruments.active:using"),
        ((GRANT,), "GRANT INSERT ON instruments TO pg_monitor",
         "privilege:instruments.pg_monitor:privileges"),
        ((VIEW,), "CREATE OR REPLACE VIEW latest AS SELECT id, name FROM instruments WHERE id > 8",
         "view:latest:definition"),
    ],
    ids=range(6),
)  # fmt: skip
def test_an_entity_altered(database, entities, change, finding):
    metadata = database.declaring("instruments")
    declare(metadata, *entities)
    for entity in entities:
        database.execute(_sql(entity))
    database.execute(change)
    database.expect({finding}, metadata)


def test_a_view_that_a_class_reads_from(database):
    metadata = database.requiring()
    instruments = metadata.tables["instruments"]
    latest = instruments.to_metadata(metadata, name="latest")
    for column in [column for column in latest.columns if column.name not in ("id", "name")]:
        latest._columns.remove(column)
    latest.indexes.clear()
    latest.constraints = {latest.primary_key}
    declare(metadata, VIEW)
    database.execute(_sql(VIEW))
    database.expect((), metadata)


def test_what_is_said_twice_is_declared_once(database):
    metadata = database.requiring()
    declare(metadata, VIEW, STAMP)
    declare(metadata, VIEW, STAMP)
    database.execute(_sql(VIEW))
    database.execute(_sql(STAMP))
    database.expect((), metadata)


def test_an_extension_and_a_kind_that_is_not_known(database):
    metadata = database.requiring()
    declare(metadata, PGExtension(signature="pg_trgm"), PGExtension(signature="timescaledb"),
            PGSomethingNew(signature="x"))  # fmt: skip
    database.expect({"extension:pg_trgm:exists"}, metadata)


def test_entities_of_the_library_itself(database):
    """Where it is installed; it is no dependency."""
    library = pytest.importorskip("alembic_utils")
    assert library
    from alembic_utils.pg_function import PGFunction as Function
    from alembic_utils.pg_grant_table import PGGrantTable as Grant
    from alembic_utils.pg_trigger import PGTrigger as Trigger
    from alembic_utils.pg_view import PGView as View

    entities = (
        Function("public", STAMP.signature, STAMP.definition.replace("\\:", ":")),
        Function("public", SWALLOW.signature, SWALLOW.definition),
        Trigger("public", "swallow", TRIGGER.definition, TRIGGER.on_entity),
        View("public", "latest", "SELECT id, name\\:\\:text FROM instruments".replace("\\:", ":")),
        Grant("public", "instruments", "pg_monitor", "DELETE"),
        Grant("public", "instruments", "pg_monitor", "SELECT", columns=["name"]),
    )
    metadata = database.declaring("instruments")
    declare(metadata, *entities)
    for entity in entities:
        for statement in _statements(entity):
            database.connection.execute(statement)
    database.expect((), metadata)


def _statements(entity):
    made = entity.to_sql_statement_create()
    return [made] if isinstance(made, type(text(""))) else list(made)
