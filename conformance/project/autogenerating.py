"""Let autogenerate compare all that the models declare, whatever env.py leaves out.

The env.py of `alembic init` compares the default schema alone, and takes the mapped class of a view
for a table. One with a schema_translate_map compares the schemas before the translation.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import RevisionContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from conformance.declarations import include_object, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alembic.config import Config
    from sqlalchemy import MetaData


def proposed_changes(config: Config) -> list[Any]:
    """The changes that `alembic check` names, as Alembic describes them; empty if none.

    Its error carries them since Alembic 1.15 only.
    """
    scripts = ScriptDirectory.from_config(config)
    choices = dict.fromkeys(("message", "branch_label", "version_path", "rev_id", "depends_on"))
    choices |= {"autogenerate": True, "sql": False, "head": "head", "splice": False}
    revision = RevisionContext(config, scripts, choices)

    def generate(current: Any, context: Any) -> list[Any]:
        revision.run_autogenerate(current, context)
        return []

    with EnvironmentContext(
        config, scripts, fn=generate, as_sql=False, template_args=revision.template_args
    ):
        scripts.run_env()
    generated = revision.generated_revisions[-1]
    return [change for made in generated.upgrade_ops_list for change in made.as_diffs()]


@contextmanager
def comparing_all(metadata: MetaData) -> Iterator[None]:
    """Make env.py compare the schemas of these models too, and no class of a view.

    An env.py that passes `include_schemas=True` itself keeps its choice of schemas.
    """
    schemas = {table.schema for table in tables_of(metadata) if table.schema}
    own = EnvironmentContext.configure

    def configure(self: EnvironmentContext, *positional: Any, **options: Any) -> None:
        if _translates(options.get("connection")):
            options["target_metadata"] = metadata
        own(self, *positional, **{**options, **_widened(options, schemas)})

    EnvironmentContext.configure = configure  # type: ignore[method-assign]
    try:
        yield
    finally:
        EnvironmentContext.configure = own  # type: ignore[method-assign]


def _translates(connection: Any) -> bool:
    """Whether the connection has a schema_translate_map, which autogenerate does not apply."""
    execution_options: Any = getattr(connection, "get_execution_options", dict)()
    return bool(execution_options.get("schema_translate_map"))


def _widened(options: Mapping[str, Any], schemas: set[str]) -> dict[str, Any]:
    widened: dict[str, Any] = {
        "include_object": _both(options.get("include_object"), include_object)
    }
    if schemas and not options.get("include_schemas"):

        def is_of_the_models(name: str | None, kind: str, *_: Any) -> bool:
            return kind != "schema" or name is None or name in schemas

        widened["include_schemas"] = True
        widened["include_name"] = _both(options.get("include_name"), is_of_the_models)
    return widened


def _both(own: Callable[..., bool] | None, ours: Callable[..., bool]) -> Callable[..., bool]:
    """Whether the filter of env.py, if it has one, and ours include the item."""
    if own is None:
        return ours
    return lambda *item: bool(own(*item) and ours(*item))
