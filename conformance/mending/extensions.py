"""Extensions: there or not, their version and schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.comparing.facts import ANYTHING
from conformance.mending.scene import (
    CannotMend,
    Parts,
    Ref,
    Scene,
    Step,
    differing,
    dropping,
    making,
)
from conformance.mending.sql import name

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_HAND = {
    "version": "ALTER EXTENSION timescaledb UPDATE must be the first statement of a session",
    "edition": "the server's setting timescaledb.license decides about the edition",
    "disabled_event_triggers": "run ALTER EVENT TRIGGER ... ENABLE as a superuser",
    "sequences_behind": "run SELECT setval(...) as a superuser, with the highest id of the table",
    "restoring": "run SELECT timescaledb_post_restore() once, outside a migration",
}


def make(ref: Ref, parts: Parts, _scene: Scene) -> Iterator[Step]:
    """CREATE EXTENSION."""
    schema = parts.get("schema")
    where = f" SCHEMA {name(schema)}" if isinstance(schema, str) else ""
    create = f"CREATE EXTENSION IF NOT EXISTS {name(ref.table)}{where}"
    if ref.table == "timescaledb":
        # It welcomes its user with a WARNING.
        yield making("extension", "SET LOCAL client_min_messages = error", depth=-3)
        yield making("extension", create, depth=-2)
        yield making("extension", "RESET client_min_messages", depth=-1)
        return
    yield making("extension", create)


def drop(ref: Ref, _parts: Parts, scene: Scene) -> Iterator[Step]:
    """DROP EXTENSION; TimescaleDB stays."""
    if ref.table == "timescaledb":
        raise CannotMend("TimescaleDB is not dropped: other schemas may use it")
    yield dropping("extension", f"DROP EXTENSION {scene.if_exists}{name(ref.table)}")


def change(ref: Ref, before: Parts, after: Parts, _scene: Scene) -> Iterator[Step]:
    """Another schema, or a newer version."""
    changed = differing(before, after)
    if ref.table == "timescaledb":
        for attribute in _BY_HAND.keys() & changed:
            raise CannotMend(_BY_HAND[attribute], attribute)
    if "schema" in changed and after["schema"] != ANYTHING:
        sql = f"ALTER EXTENSION {name(ref.table)} SET SCHEMA {name(str(after['schema']))}"
        yield making("extension", sql)
    if "version" in changed:
        if isinstance(after["version"], str):
            raise CannotMend("an extension does not get its older version back", "version")
        yield making("extension", f"ALTER EXTENSION {name(ref.table)} UPDATE")
