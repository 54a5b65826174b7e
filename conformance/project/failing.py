"""Describe the error of a migration: the revision, the line of its file, the statement."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from conformance.comparing.identifiers import identifier
from conformance.comparing.partitions import PARTITION_FIRST, lacks_partition
from conformance.comparing.rejections import (
    IN_PYTHON,
    hint_for_known,
    hint_for_own_value,
    hint_for_state,
)
from conformance.engines.connecting import is_lost_connection, lost_connection
from conformance.errors import (
    ConformanceError,
    MigrationFailed,
    describe_briefly,
    details_of,
    message_of,
    server_hint_of,
    state_of,
)
from conformance.project.extensions import engines_with, not_created, unavailable
from conformance.project.surroundings import (
    configured_statement,
    hint_at_module,
    hint_at_variable,
)
from conformance.project.swallowing import advice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from alembic.script import Script, ScriptDirectory

#: The hint for an env.py that refuses, or forgets, to migrate online.
ONLINE = (
    "'alembic upgrade --sql' works, but conformance runs migrations online, on databases of its"
    " own. If the project only prints SQL, let env.py do the same then: 'if"
    ' context.is_offline_mode() or "connection" in context.config.attributes:\'.'
)
#: undefined_table, undefined_object, undefined_function.
_MISSING = ("42P01", "42704", "42883")
#: invalid_foreign_key, datatype_mismatch: the server says which types do not fit.
_OF_TYPES = ("42830", "42804")
#: dependent_objects_still_exist: the server names them. Its hint, CASCADE, drops them unseen.
_IN_USE = "2BP01"
#: The hint for migrations that begin with what something else makes.
_ELSEWHERE = (
    " If create_all() or a SQL file makes the first objects: name the file in prepare, or make the"
    ' schema in a fixture schema_template, with alembic_ini = "none". conformance audit URL needs'
    " no migrations."
)
_DOWNGRADE = "The downgrade of revision"
_ONE_WAY = " If the changes cannot be undone, let downgrade() raise NotImplementedError."
_SHOWN = 200
_PASSWORD = re.compile(r"(password\s+)(E?'(?:[^']|'')*')", re.IGNORECASE)
#: The server's error where a role or a schema is missing.
_SURROUNDINGS = re.compile(r'(role|schema) "([^"]+)" does not exist')


def why_it_failed(
    error: BaseException,
    revisions: ScriptDirectory,
    goal: str,
    left_out: Collection[str] = (),
    prints_sql: Callable[[], bool] = lambda: False,
) -> ConformanceError:
    """The error of a migration on an empty database as one sentence and a hint.

    Args:
        error: what a revision, env.py, a driver or Alembic raised.
        goal: the target revision.
        left_out: extensions that the engine lacks and that were therefore not created.
        prints_sql: whether `alembic upgrade --sql` works; asked only if env.py itself fails.
    """
    if isinstance(error, ConformanceError):
        return error
    if is_lost_connection(error):
        return lost_connection(f"the migration to {goal}")
    place = place_of(error, revisions)
    offline_only = place is not None and place.startswith("env.py") and not state_of(error)
    hint = (
        hint_of(error, left_out)
        or (ONLINE if offline_only and prints_sql() else None)
        or f"{_by_state(error)}'alembic upgrade {goal}' on an empty database shows the same error."
        f"{_ELSEWHERE if state_of(error) in _MISSING else ''}"
    )
    problem = _sentence(place or f"The migration to {goal}", error)
    return MigrationFailed(problem, f"{hint}{advice_of(error)}")


def failure_in_a_file(
    error: BaseException, revisions: ScriptDirectory, left_out: Collection[str] = ()
) -> ConformanceError | None:
    """The error of a revision, or of env.py, as a sentence and a hint.

    Returns:
        None if the error did not come through a file of the migrations.
    """
    place = place_of(error, revisions)
    if place is None or isinstance(error, ConformanceError) or is_lost_connection(error):
        return None
    in_python = "" if state_of(error) or place.startswith("env.py") else IN_PYTHON
    hint = hint_of(error, left_out) or _by_state(error).strip() or in_python
    # Authors say by an error of their own, too, that there is no way back.
    back = place.startswith(_DOWNGRADE) and "NotImplementedError" not in f"{hint}{error!r}"
    return MigrationFailed(
        _sentence(place, error),
        f"{hint or 'Correct the file at this line.'}{_ONE_WAY if back else ''}{advice_of(error)}",
    )


def _by_state(error: BaseException) -> str:
    """What to do by the cause of a server's error, with a space behind; empty if unknown."""
    state, message = state_of(error), message_of(error)
    own = hint_for_own_value(state, message, str(getattr(error, "statement", None) or ""))
    hint = own or hint_for_state(state, str(error))
    said = (*details_of(error), "" if state == _IN_USE else server_hint_of(error))
    # Of other errors the server says which values rows have.
    told = " ".join(said).strip() if own or state in (_IN_USE, *_OF_TYPES) else ""
    return "".join(f"{part} " for part in (hint, told and f"The server adds: {told}") if part)


def _sentence(what: str, error: BaseException) -> str:
    statement = _statement(error)
    sent = f" The statement is: {statement}." if statement else ""
    return f"{what} fails: {describe_briefly(error)}.{sent}"


def place_of(error: BaseException, revisions: ScriptDirectory) -> str | None:
    """The innermost file of the migrations in the traceback."""
    scripts = {Path(script.path).resolve(): script for script in revisions.walk_revisions()}
    folder = Path(revisions.dir).resolve()
    # Alembic asks the file for the function, so that no frame of the traceback is of the file.
    if (missing := _missing_function(error)) and (script := scripts.get(missing[0])):
        return _revision(script, missing[0], 1, back=missing[1] == "downgrade")
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        file = Path(frame.filename).resolve()
        if file in scripts:
            back = any(one.name == "downgrade" and one.filename == frame.filename for one in frames)
            return _revision(scripts[file], file, frame.lineno, back=back)
        if file == folder / "env.py":
            return f"env.py ({_shown(file)}, line {frame.lineno})"
    return None


def _revision(script: Script, file: Path, line: int | None, *, back: bool) -> str:
    what = _DOWNGRADE if back else "Revision"
    return f"{what} {script.revision} ({_shown(file)}, line {line})"


def _missing_function(error: BaseException) -> tuple[Path, str] | None:
    """The file and the name of an upgrade() or downgrade() that a module does not have."""
    if not isinstance(error, AttributeError) or error.name not in {"upgrade", "downgrade"}:
        return None
    module = error.obj
    if not isinstance(module, ModuleType) or module.__file__ is None:
        return None
    return Path(module.__file__).resolve(), error.name


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _statement(error: BaseException) -> str:
    """The statement that the server refused; empty if there is none."""
    sql = getattr(error, "statement", None)
    query = getattr(getattr(error, "cursor", None), "query", None)
    if sql is None and isinstance(query, bytes):
        sql = query.decode("utf-8", "replace")
    return shown(str(sql or ""))


def shown(sql: str) -> str:
    """The statement on one line, without parameters and without the password of a role."""
    words = _PASSWORD.sub(r"\1'***'", " ".join(sql.split())).rstrip(";")
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"


def creates_what_is_missing(message: str) -> str | None:
    """The statement that creates the extension, role or schema that the server's message misses."""
    if (missing := not_created(message)) is not None:
        return f"CREATE EXTENSION {identifier(missing)}"
    if surroundings := _SURROUNDINGS.search(message):
        kind, name = surroundings.groups()
        return f"CREATE {kind.upper()} {identifier(name)}"
    return None


def hint_of(error: BaseException, left_out: Collection[str] = ()) -> str | None:
    """What to do about the error, where it shows what is missing; None where it does not."""
    message = message_of(error)
    missing = not_created(message)
    extension = unavailable(message) or (missing if missing in left_out else None)
    if extension is not None:
        return f"This engine lacks the extension {extension}; use {engines_with(extension)}."
    statement = creates_what_is_missing(message)
    if missing is not None and statement:
        return (
            f"The extension {missing} does not exist or is not on the search_path. Create the"
            " extension in an earlier revision. If the migrations do not create it, set"
            f" {configured_statement(statement)}."
        )
    if statement and (surroundings := _SURROUNDINGS.search(message)):
        return (
            f"If the migrations do not create the {surroundings[1]}, set"
            f" {configured_statement(statement)}."
        )
    if lacks_partition(message):
        return PARTITION_FIRST
    return hint_for_known(message) or _hint_in_python(error) or hint_at_variable(error)


def _hint_in_python(error: BaseException) -> str | None:
    """What to do about an error that did not come from the server."""
    if isinstance(error, ModuleNotFoundError):
        return hint_at_module(error)
    if isinstance(error, ImportError):
        return "Install the module for the Python that runs conformance, or correct the import."
    if (missing := _missing_function(error)) is not None:
        no_way_back = "; if there is no way back, let it raise NotImplementedError"
        function = missing[1]
        return f"Write {function}() in the file{no_way_back * (function == 'downgrade')}."
    if isinstance(error, KeyError) and error.args == ("timescaledb",):
        return (
            "Alembic does not know the dialect of timescaledb:// URLs. Define in env.py, after"
            " 'from alembic.ddl.postgresql import PostgresqlImpl':"
            " 'class TimescaledbImpl(PostgresqlImpl): __dialect__ = \"timescaledb\"'."
        )
    return None
