"""The target_metadata of env.py, which Alembic's autogenerate compares with a database."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import load_python_file
from sqlalchemy import MetaData

from conformance.errors import (
    ConformanceError,
    ConnectedOffline,
    ModelsUnavailable,
    NoModels,
    describe_error,
)
from conformance.project.confinement import nowhere
from conformance.project.merging import merged
from conformance.project.scripts import config_for, copied_config
from conformance.project.surroundings import (
    NAME_THE_MODELS,
    env_py,
    hint_at_module,
    hint_at_variable,
)

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from conformance.project.configuration import Configuration

_NAME = "target_metadata"
#: The hint for an env.py that raises an error of its own.
_CORRECT = (
    "Correct env.py, or give it what it asks for: 'alembic upgrade head --sql' shows the same"
    ' error. If env.py only works online, set models = "package.module:Base.metadata" in'
    " [tool.conformance] of pyproject.toml."
)


def target_metadata(project: Configuration) -> MetaData:
    """Run env.py in offline mode, and return the target_metadata that it configures or has.

    Alembic also takes a list of MetaData; they are merged.

    Raises:
        NoModels: env.py has no MetaData.
        ModelsUnavailable: the ini file does not exist, env.py fails, or it has a list of MetaData
            with a table twice.
    """
    config = copied_config(config_for(project), io.StringIO())
    found: list[Any] = []

    def see(_revision: object, context: MigrationContext) -> list[Any]:
        found.append(context.opts.get(_NAME))
        return []

    error: BaseException | None = None
    try:
        scripts = ScriptDirectory.from_config(config)
        with (
            nowhere(config),
            EnvironmentContext(config, scripts, fn=see, as_sql=True, starting_rev=None),
        ):
            # As run_env() does, which does not return the module.
            env = load_python_file(scripts.dir, "env.py")
            if not any(found):
                found.append(getattr(env, _NAME, None))
    # env.py may raise anything, possibly after it has set target_metadata.
    except (Exception, SystemExit) as caught:
        error = caught
        with suppress(Exception):
            found += _names_of(caught, env_py(config).resolve())
    return _only(found, error)


def _names_of(error: BaseException, file: Path) -> list[Any]:
    """The values of `target_metadata` in env.py when it failed."""
    trace, found = error.__traceback__, []
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == file:
            found.append(trace.tb_frame.f_globals.get(_NAME))
        trace = trace.tb_next
    return found


def _hint_at(error: BaseException | None) -> str:
    if isinstance(error, ModuleNotFoundError):
        return hint_at_module(error)
    if error:
        return hint_at_variable(error) or _CORRECT
    return (
        f"{NAME_THE_MODELS} If the project has none, conformance inspect --no-models URL prints"
        " those of a migrated database."
    )


def _only(found: list[Any], error: BaseException | None) -> MetaData:
    flat = [
        item for value in found for item in (value if isinstance(value, list | tuple) else [value])
    ]
    several = list({id(item): item for item in flat if isinstance(item, MetaData)}.values())
    if several:
        return merged({f"{_NAME}[{number}] of env.py": item for number, item in enumerate(several)})
    if isinstance(error, ConformanceError):
        # To change env.py is the longer way.
        first = f"{NAME_THE_MODELS} Or change env.py: " * isinstance(error, ConnectedOffline)
        problem = f"No models are configured. {error.problem}"
        raise ModelsUnavailable(problem, first + error.hint) from error
    why = (
        f"env.py fails in offline mode: {describe_error(error)}"
        if error
        else f"env.py does not set {_NAME}"
    )
    unavailable = ModelsUnavailable if error else NoModels
    raise unavailable(f"No models are configured, and {why}.", _hint_at(error))
