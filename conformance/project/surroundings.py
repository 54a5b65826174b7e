"""What models and env.py need to run: environment variables, an import path, quiet logging."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import traceback
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, make_url
from sqlalchemy.orm import Mapper, registry

from conformance.errors import is_of_pydantic
from conformance.project.configuration import SECTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import FromClause

    from conformance.project.configuration import Configuration

#: The folder of this package, which may be installed as a link to its sources.
_OURS = Path(__file__).parents[1]
#: The hint where no models are configured.
NAME_THE_MODELS = (
    'Pass --models package.module:Base.metadata, or set models = "..." in [tool.conformance] of'
    " pyproject.toml."
)
#: Reads a variable without a default.
_READ = re.compile(r"""\b(?:getenv|environ\.get)\(\s*["'](\w+)["']\s*\)""")
#: The errors of settings libraries for a variable that is not set: python-decouple, environs.
_UNSET = (r"^(\w+) not found\. Declare it as envvar", r'[Ee]nvironment variable "(\w+)" not set')
#: An error of the project's own about a setting, and the name of a variable in it.
_MUST_BE_SET = re.compile(
    r"\b(set|missing|required|defined|configured|environment|env)\b", re.IGNORECASE
)
#: Values for fields of other types: numbers, and URLs of what projects have beside a database.
_REDIS = "redis://localhost/0"
_VALUES = ("1", "https://localhost/any", _REDIS, "amqp://localhost/any")
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


def prepare_environment(project: Configuration) -> None:
    """Set the project's environment variables, and put its folder on the import path."""
    for name, value in (project.environment or {}).items():
        os.environ.setdefault(name, value)
    for folder in (project.folder, str(Path.cwd())):
        if folder is not None and folder not in sys.path:
            sys.path.insert(0, folder)


def env_py(config: Config) -> Path:
    """The path of env.py.

    Raises:
        alembic.util.CommandError: the ini file does not set script_location.
    """
    from alembic.script import ScriptDirectory

    return Path(ScriptDirectory.from_config(config).dir, "env.py")


def mentions(config: Config, word: str) -> bool:
    """Whether env.py contains the word; False if it cannot be read."""
    from alembic.util import CommandError

    try:
        return word in env_py(config).read_text("utf-8")
    except (CommandError, OSError, ValueError):
        return False


@contextmanager
def quiet() -> Iterator[None]:
    """Disable fileConfig(), with which env.py usually logs each revision of each run."""
    import logging.config

    before = logging.config.fileConfig
    logging.config.fileConfig = lambda *_, **__: None
    try:
        yield
    finally:
        logging.config.fileConfig = before


@contextmanager
def mapping_again() -> Iterator[None]:
    """Let an env.py that maps classes imperatively run several times in this process.

    `alembic` runs it once. A class that is mapped to the same table already keeps its mapper,
    where SQLAlchemy would raise an error.
    """
    before = registry.map_imperatively

    def map_imperatively(
        self: registry, class_: type, local_table: FromClause | None = None, **options: Any
    ) -> Mapper[Any]:
        mapper: Any = inspect(class_, raiseerr=False)
        if isinstance(mapper, Mapper) and mapper.local_table is local_table:
            return mapper
        return before(self, class_, local_table, **options)

    registry.map_imperatively = map_imperatively  # type: ignore[method-assign]
    try:
        yield
    finally:
        registry.map_imperatively = before  # type: ignore[method-assign]


def configured_statement(statement: str) -> str:
    """The line of pyproject.toml that runs the statement before the first revision."""
    return f'prepare = ["{_escaped(statement)}"] in [{SECTION}] of pyproject.toml'


def hint_at_variable(error: BaseException) -> str | None:
    """What to do if an environment variable is missing or has a wrong value; None otherwise.

    A file that is not Python needs no variable: its error names the line.
    """
    if isinstance(error, SyntaxError):
        return "Correct the file at this line."
    if "requires an async driver" in str(error):
        return (
            "Name an asynchronous driver in the variable that the URL comes from:"
            f" postgresql+asyncpg://localhost/any in [{SECTION}.environment] of pyproject.toml."
        )
    if (wrong := _wrong(error)) is not None:
        return (
            f"Correct the value of {wrong} in [{SECTION}.environment] of pyproject.toml, or in the"
            " environment, which takes precedence."
        )
    names = _missing(error)
    guessed = [] if names else _told(error)
    if not names and not guessed:
        return None
    if_it_is = f"If {guessed[0]} is an environment variable, set it" if guessed else ""
    set_them = if_it_is or f"Set {' and '.join(names)}"
    lines = "; ".join(f'{name} = "{_any_value(name, error)}"' for name in names or guessed)
    return (
        f"{set_them} to any valid value: {lines} in [{SECTION}.environment] of"
        " pyproject.toml. Connections are redirected to the suite's database."
    )


def _any_value(name: str, error: BaseException) -> str:
    """A value that settings can read: SQLAlchemy parses the URL of an engine at once."""
    # From SQLAlchemy 2.1 on, a URL without a driver means psycopg, which may not be installed.
    driver = "" if find_spec(default_driver()) else "+psycopg2"
    url = f"postgresql{driver}://localhost/any"
    if "REDIS" in name.upper():
        url = _REDIS
    likely = url if name.upper().endswith(("URL", "URI", "DSN")) else "..."
    kind = _settings_that_lack(error, name) if is_of_pydantic(error) else None
    values = (likely, *_VALUES) if kind else ()
    return next((value for value in values if _accepts(kind, name, value)), likely)


def _accepts(kind: Any, name: str, value: str) -> bool:
    """Whether the field of a class of pydantic's can have the value, by its type and validators."""
    (field,) = (field for field in kind.model_fields if _variable_of(kind, field) == name)
    try:
        kind.__pydantic_validator__.validate_assignment(kind.model_construct(), field, value)
    # A validator of the project may raise anything.
    except Exception:
        return False
    return True


def _variable_of(kind: Any, field: str) -> str:
    return f"{kind.model_config.get('env_prefix') or ''}{field}".upper()


def default_driver() -> str:
    """The module of the driver that SQLAlchemy takes for a URL `postgresql://...`."""
    return str(make_url("postgresql://").get_dialect().driver)


def hint_at_module(error: ModuleNotFoundError, wanted: str = "") -> str:
    """What to do about a module that was not found.

    Args:
        wanted: the module that was to be imported: one of the project's own.
    """
    root, here = (error.name or "").partition(".")[0], Path.cwd()
    if root == default_driver() == "psycopg":
        return (
            "From SQLAlchemy 2.1 on, postgresql:// means the driver psycopg: install psycopg for"
            f" {sys.executable}, or write postgresql+psycopg2://, or install 'sqlalchemy<2.1'."
        )
    # Where the root is found, something below it is missing.
    folder = _folder_of(root, here) if root == error.name else None
    if folder is not None:
        return (
            f"{root} is in the folder {folder}: name that folder in PYTHONPATH, or in"
            " prepend_sys_path of Alembic's configuration."
        )
    own = (
        "this command in the folder that has the module, or name that folder in PYTHONPATH, or"
        f" in prepend_sys_path of Alembic's configuration; this is {here}."
    )
    if root == wanted.partition(".")[0]:
        return f"Run {own}"
    package = f"If {root} is a package, install it for {sys.executable}."
    return f"{package} If it is the project's, run {own}"


def _folder_of(module: str, here: Path) -> str | None:
    """The folder one or two levels below or above that has the package, as a path from here.

    A folder that is a package itself, such as `app` with `app.redis`, has no package of that name.
    """
    # The working directory may be in the package, which then needs no __init__.py.
    for above, folder in enumerate(here.parents[:2], 1):
        there = (folder / module / "__init__.py").exists() or here.is_relative_to(folder / module)
        if there and not (folder / "__init__.py").exists():
            return "/".join([".."] * above)
    for depth in ("*", "*/*"):
        for found in sorted(here.glob(f"{depth}/{module}/__init__.py")):
            folder = found.parent.parent
            path = folder.relative_to(here)
            hidden = any(part.startswith(".") for part in path.parts)
            if not hidden and not (folder / "__init__.py").exists():
                return path.as_posix()
    return None


def _wrong(error: BaseException) -> str | None:
    """The variable that is set to a value that its field does not accept."""
    items = error.errors() if is_of_pydantic(error) else ()
    names = (_variable(error, str(item["loc"][0])) for item in items if item["loc"])
    return next((name for name in names if name in os.environ), None)


def _missing(error: BaseException) -> list[str]:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    if isinstance(error, KeyError) and last and last[0].filename in {os.__file__, "<frozen os>"}:
        return [str(error.args[0])]
    if is_of_pydantic(error):
        names = [str(item["loc"][0]) for item in error.errors() if item["type"] == "missing"]
        return [_variable(error, name) for name in names]
    found = (re.search(pattern, str(error)) for pattern in _UNSET)
    return [match[1] for match in found if match] or _read_in_vain(error)


def _read_in_vain(error: BaseException) -> list[str]:
    """The unset variables that the code that failed reads without a default, if they may be why."""
    told, ends = str(error), isinstance(error, SystemExit)
    names = (
        name
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_library(frame.f_code.co_filename)
        # Who ends the process has said why: a function that it did not come from is no reason.
        for name in _READ.findall(_source(frame.f_code.co_filename, line if ends else None))
        if name not in os.environ
    )
    of_none = ends or "None" in told
    return [name for name in dict.fromkeys(names) if of_none or name in told]


def _is_library(file: str) -> bool:
    return "site-packages" in file or Path(file).is_relative_to(_OURS)


def _source(file: str, line: int | None) -> str:
    """The text of a file; with a line, without the functions that do not contain that line."""
    lines = [*linecache.getlines(file)]
    if line is not None:
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first, last = node.lineno, node.end_lineno or node.lineno
                if not first <= line <= last:
                    lines[first - 1 : last] = [""] * (last - first + 1)
    return "".join(lines)


def _told(error: BaseException) -> list[str]:
    """The first unset name in an error that says that something must be set; or nothing.

    The project's own words: settings may read the variable anywhere, by any library.
    """
    told = str(error)
    if not _MUST_BE_SET.search(told) or hasattr(error, "orig"):
        return []
    return [name for name in _CAPITALS.findall(told) if name not in os.environ][:1]


def _variable(error: BaseException, name: str) -> str:
    """The variable of a field: with the env_prefix of its settings class; an alias has none."""
    classes = _settings(error)
    return next(
        (_variable_of(kind, name) for kind in classes if name in kind.model_fields), name.upper()
    )


def _settings_that_lack(error: BaseException, variable: str) -> Any:
    for kind in _settings(error):
        if any(_variable_of(kind, field) == variable for field in kind.model_fields):
            return kind
    return None


def _settings(error: BaseException) -> Iterator[Any]:
    """The classes of pydantic's whose objects were being made."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for kind in map(type, frame.f_locals.values()):
            if hasattr(kind, "model_fields") and hasattr(kind, "model_config"):
                yield kind


def _escaped(text: str) -> str:
    """The text with the escapes of a TOML string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
