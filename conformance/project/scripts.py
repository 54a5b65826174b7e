"""The files of a project's migrations: Alembic's configuration, revisions, files they read."""

from __future__ import annotations

import configparser
import hashlib
import inspect
import io
import os
import re
import warnings
from argparse import Namespace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from conformance.errors import (
    ConformanceError,
    MigrationFailed,
    ModelsUnavailable,
    describe_error,
)
from conformance.project.alembic_files import PYPROJECT, configures_alembic, says_none
from conformance.project.flask_app import PROJECT
from conformance.project.surroundings import hint_at_variable, prepare_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.project.configuration import Configuration

_INI = "conformance ini file"
#: So many revisions are named.
_NAMED = 4
#: Alembic's words for revisions: it never looks for a revision with such an id.
_OWN_WORDS = {"base", "head", "heads"}
#: A word that may be the name of an environment variable.
_VARIABLE = re.compile(rb"\b[A-Z][A-Z0-9_]{2,}\b")
_ITS_SCHEMA, _ITS_VERSION = (
    re.compile(
        rf"extension\b[^;]{{0,80}}timescaledb\b[^;]{{0,80}}\b(?:{words})\b",
        re.IGNORECASE | re.DOTALL,
    )
    for words in ("schema", "version|update")
)
_INSISTING = re.compile(r"create\s+extension\s+(?!if\b)\W{0,2}timescaledb", re.IGNORECASE)
_INSISTING_ON_A_SCHEMA = re.compile(r"create\s+schema\s+(?!if\b)", re.IGNORECASE)

#: Folders that no migration reads; in `mutants`, mutmut keeps changed copies of all modules.
_NO_SOURCES = {"build", "dist", "tests", "benchmarks", "docs", "mutants", "node_modules"}
#: Prefixes of variables that differ between runs and do not affect the schema.
_OF_THE_RUN = ("CONFORMANCE_", "DATABASE_URL", "PG", "PYTEST_")
_WITHOUT = (
    "Without Alembic, conformance check takes the schema from the SQL files in prepare, with"
    ' alembic_ini = "none", or from a fixture schema_template in a module that the key fixtures'
    " names, and conformance fix URL --sql prints statements."
)
_LIBRARIES = ("alembic", "sqlalchemy", "psycopg2-binary", "psycopg", "asyncpg")


def config_for(project: Configuration) -> Config:
    """Alembic's configuration of the project; from now on its modules can be imported.

    Raises:
        ModelsUnavailable: the file does not exist.
    """
    prepare_environment(project)
    config = alembic_config(project.alembic_ini)
    config.attributes[PROJECT] = project
    return config


def alembic_config(ini: Path | str = "alembic.ini", *, output: io.StringIO | None = None) -> Config:
    """Alembic's configuration from an ini file or pyproject.toml; it prints nothing.

    Raises:
        ModelsUnavailable: the file does not exist.
        MigrationFailed: the file cannot be read, or is meant for another working directory.
    """
    path = Path(ini)
    written = not path.is_file() or path.name == PYPROJECT
    if says_none(ini):
        raise ModelsUnavailable('The project has no migrations: alembic_ini is "none".', _WITHOUT)
    if not configures_alembic(ini):
        raise ModelsUnavailable(f"There is no {path.name} in {path.resolve().parent}.", _hint(path))
    toml = path.parent / PYPROJECT
    also = {"toml_file": toml} if "toml_file" in inspect.signature(Config).parameters else {}
    file = None if written else str(path)
    config = Config(file, output_buffer=output, stdout=io.StringIO(), **cast("Any", also))
    try:
        location = _location(config)
    # Alembic reads the ini file when the first option is read.
    except configparser.Error as error:
        raise _unreadable(path, error) from None
    _check_location(path, location)
    # A location with a colon is one in an installed package.
    if not location or (":" not in location and not Path(location, "env.py").is_file()):
        _check_sections(path, config)
    # Flask-Migrate's ini file does not name the folder of the scripts: its own folder.
    if not location and path.with_name("env.py").is_file():
        config.set_main_option("script_location", str(path.parent).replace("%", "%%"))
    config.attributes.update({"logging": False, _INI: toml if written else path})
    config.cmd_opts = command_line()
    return config


def _check_location(ini: Path, location: str | None) -> None:
    """Refuse a relative script_location that leads to env.py from the folder of the ini file only.

    Source: Alembic's documentation, "Tutorial": a relative path is relative to the working
    directory.
    """
    if location and not Path(location).exists() and (ini.parent / location / "env.py").is_file():
        raise MigrationFailed(
            f"The folder {location} (script_location of {ini}) is not in {Path.cwd()}.",
            f"Run this command in {ini.parent}, as you run alembic, or write"
            f" script_location = %(here)s/{location} in {ini.name}.",
        )


def _check_sections(ini: Path, config: Config) -> None:
    """Refuse an ini file whose script locations are in sections for `alembic --name` alone."""
    parser = config.file_config
    named = [
        f"[{name}]"
        for name in parser.sections()
        if name != config.config_ini_section and parser.has_option(name, "script_location")
    ]
    if named:
        raise MigrationFailed(
            f"{ini} names no folder with an env.py in [alembic], but has {', '.join(named)}.",
            "Copy the file, call the section of these models [alembic] in the copy, and name the"
            " copy: --alembic-ini, or alembic_ini in [tool.conformance] of pyproject.toml.",
        )


def command_line(*x: str) -> Namespace:
    """What env.py finds in `config.cmd_opts`: the options of several commands, none of them given.

    Args:
        x: the values of `-x`.
    """
    return Namespace(name="alembic", x=[*x], autogenerate=False, sql=False, tag=None, quiet=True)


def copied_config(config: Config, output: io.StringIO) -> Config:
    """A copy of the configuration that prints to `output`."""
    other = alembic_config(ini_of(config), output=output)
    other.attributes.update(config.attributes, connection=None)
    return other


def ini_of(config: Config) -> Path:
    """The file that the configuration comes from."""
    path: Path = config.attributes[_INI]
    return path


def single_head(config: Config) -> str:
    """The one head revision.

    Raises:
        MigrationFailed: the revisions cannot be read, or do not have exactly one head.
    """
    heads = heads_of(config)
    if len(heads) != 1:
        raise MigrationFailed(
            f"The migrations have {len(heads)} heads ({', '.join(heads)}), and it is not clear"
            " which one to continue.",
            "Write the revision by hand, or merge the heads with 'alembic merge heads'.",
        )
    return heads[0]


def heads_of(config: Config) -> tuple[str, ...]:
    """The head revisions: one, or one of each labelled branch.

    Heads of the same branch, or without a label, are a merge that somebody forgot.

    Raises:
        MigrationFailed: the revisions cannot be read, do not have a head, or have several of one
            branch.
    """
    directory = revisions_of(config)
    heads = directory.get_heads()
    if not heads:
        raise MigrationFailed(
            f"There is no revision in {directory.dir}.",
            "Create a revision with 'alembic revision', or name another ini file with"
            " --alembic-ini.",
        )
    labels = [directory.get_revision(head).branch_labels for head in heads]
    if len(heads) > 1 and not (all(labels) and len(set().union(*labels)) == sum(map(len, labels))):
        listed = ", ".join(sorted(heads))
        raise MigrationFailed(
            f"The migrations have {len(heads)} heads ({listed}); they must have one, or each head a"
            " branch label of its own.",
            "Merge the heads with 'alembic merge heads', or set branch_labels in the first revision"
            " of each branch.",
        )
    return tuple(sorted(heads))


def revisions_of(config: Config) -> ScriptDirectory:
    """The folder of the revisions, with every file in it read.

    Raises:
        MigrationFailed: the ini file, the folder or one of the files cannot be read.
    """
    try:
        with warnings.catch_warnings():
            # Alembic warns of a revision that exists twice, and of a missing down_revision.
            warnings.filterwarnings("error", module=r"alembic\.script\.revision")
            directory = ScriptDirectory.from_config(config)
            _check_ids(directory)
            list(directory.walk_revisions())
    except ConformanceError:
        raise
    # Alembic imports the file of a revision: it may raise anything, and may even exit.
    except (Exception, SystemExit) as error:
        if isinstance(error, UserWarning):
            _check_parents(ScriptDirectory.from_config(config))
        raise _unreadable(ini_of(config), error) from None
    return directory


def _check_parents(directory: ScriptDirectory) -> None:
    """Refuse a down_revision that no revision has: name each one, and what may be meant."""
    scripts = list(directory._load_revisions())  # noqa: SLF001 - there is no public way to them
    known = {script.revision for script in scripts}
    # Often the name of the file stands there, and not the id.
    meant = {Path(script.path).stem: script.revision for script in scripts}
    lost = [
        (os.path.relpath(script.path), parent)
        for script in scripts
        for parent in _parents_of(script)
        if parent not in known and not any(id_.startswith(parent) for id_ in known)
    ]
    if not lost:
        return
    told = "; ".join(f"{file} names {parent!r}" for file, parent in lost[:_NAMED])
    more = f"; and {len(lost) - _NAMED} more" if lost[_NAMED:] else ""
    names = [
        f"{parent!r} is the name of a file, whose revision is {meant[parent]!r}"
        for _, parent in lost[:_NAMED]
        if parent in meant
    ]
    raise MigrationFailed(
        f"A down_revision is the id of no revision: {told}{more}.",
        "Write the id that the earlier file has in 'revision = '."
        + (f" {'; '.join(names)}." if names else ""),
    )


def _parents_of(script: Script) -> tuple[str, ...]:
    down = script.down_revision
    return (down,) if isinstance(down, str) else tuple(down or ())


def _check_ids(directory: ScriptDirectory) -> None:
    """Refuse the ids that Alembic accepts in a file, and cannot migrate to."""
    # walk_revisions() fails on such an id, or leaves its revision out.
    known = directory.revision_map._revision_map  # noqa: SLF001 - there is no public way to them
    for name, script in known.items():
        # The map has a revision by its branch labels, too.
        if not isinstance(script, Script) or script.revision != name:
            continue
        if name in _OWN_WORDS:
            why = "is a word with which Alembic names other revisions"
        elif "'" in name:
            why = "has a quotation mark, which Alembic writes into SQL without escaping it"
        else:
            continue
        raise MigrationFailed(
            f"The id {name!r} of the revision in {os.path.relpath(script.path)} {why}.",
            "Give the revision another id: in its file, in the down_revision of the next one, and"
            " in the version table of each database that has it.",
        )


def _unreadable(ini: Path, error: BaseException) -> MigrationFailed:
    return MigrationFailed(
        f"The revisions of {ini} cannot be read: {describe_error(error)}.",
        hint_at_variable(error) or "Run 'alembic history', and correct the error that it shows.",
    )


def fingerprint(config: Config) -> str:
    """A hash of all that a migration can depend on.

    It covers the revisions, the project's Python, SQL, ini and `.env` files, the environment
    variables that these files name, and the versions of the libraries.
    """
    return hash_of(config, {*scripts_of(config), *project_sources(config)})


def project_sources(config: Config) -> set[Path]:
    """The project's Python, SQL, ini and `.env` files: below its ini file and below this folder."""
    folders = {ini_of(config).resolve().parent, Path.cwd()}
    return {path for folder in folders for path in sources_of(folder)}


def hash_of(config: Config, files: set[Path]) -> str:
    """A hash of files, of the variables that they name, and of the versions of the libraries."""
    digest = hashlib.sha256()
    here = ini_of(config).resolve().parent
    for path in sorted(files, key=str):
        digest.update(os.path.relpath(path, here).encode())
        digest.update(_content(path).digest)
    for library in _LIBRARIES:
        digest.update(f"{library} {_version(library)}".encode())
    digest.update(variables_named_in(files))
    return digest.hexdigest()


def may_set_extension_schema(config: Config) -> bool:
    """Whether the migrations may create TimescaleDB in a schema of its own."""
    return bool(_ITS_SCHEMA.search(_text_of_scripts(config)))


def may_set_extension_version(config: Config) -> bool:
    """Whether the migrations may want another version of TimescaleDB than the server's default."""
    return bool(_ITS_VERSION.search(_text_of_scripts(config)))


def insist_on_the_extension(config: Config, *, schemas: bool) -> bool:
    """Whether the migrations create TimescaleDB without IF NOT EXISTS.

    Args:
        schemas: whether a schema that is created without IF NOT EXISTS counts, too: it may be that
            of the extension.
    """
    scripts = _text_of_scripts(config)
    return bool(_INSISTING.search(scripts) or (schemas and _INSISTING_ON_A_SCHEMA.search(scripts)))


def _text_of_scripts(config: Config) -> str:
    files = [path for path in scripts_of(config) if path.suffix in {".py", ".sql"}]
    return "\n".join(path.read_text("utf-8", "replace") for path in files)


def scripts_of(config: Config) -> list[Path]:
    """The files in the folders of env.py and of the revisions, and below."""
    directory = revisions_of(config)
    folders = {Path(script.path).resolve().parent for script in directory.walk_revisions()}
    folders.add(Path(directory.dir).resolve())
    return sorted({path for folder in folders for path in sources_of(folder)})


def variables_named_in(files: Iterable[Path]) -> bytes:
    """The environment variables that the files may read, with their values, to be hashed."""
    names = set().union(*(_content(path).words for path in files))
    found = {
        name: os.environ[name]
        for name in sorted(names & os.environ.keys())
        if not name.startswith(_OF_THE_RUN)
    }
    return repr(found).encode()


class _Content(NamedTuple):
    """What counts of a file: a hash of it, and the words that may be names of variables."""

    digest: bytes
    words: frozenset[str]


def _content(path: Path) -> _Content:
    status = path.stat()
    return _content_of(path, status.st_mtime_ns, status.st_size)


@cache
def _content_of(path: Path, _changed: int, _size: int) -> _Content:
    # Read once per process: a check needs several fingerprints of the same files.
    content = path.read_bytes()
    words = frozenset(word.decode() for word in {*_VARIABLE.findall(content)})
    return _Content(hashlib.sha256(content).digest(), words)


def _location(config: Config) -> str | None:
    if hasattr(config, "get_alembic_option"):
        return config.get_alembic_option("script_location")
    # Before Alembic 1.16, whose get_main_option() refuses a file without the section.
    return config.file_config.get(config.config_ini_section, "script_location", fallback=None)


def _hint(path: Path) -> str:
    beside = [str(found) for found in sorted(path.parent.glob("*/alembic.ini"))]
    if beside:
        return f"Pass --alembic-ini {beside[0]}."
    return (
        f"Run this command in the project's folder, or name the file with --alembic-ini. {_WITHOUT}"
    )


def sources_of(root: Path) -> Iterator[Path]:
    """The files below a folder that a migration may read; not hidden ones, not a virtualenv."""
    yield from (path for path in root.glob(".env*") if path.is_file())
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if _is_source(Path(place, name))]
        yield from (
            Path(place, name) for name in files if Path(name).suffix in {".py", ".sql", ".ini"}
        )


def _is_source(folder: Path) -> bool:
    return not (
        folder.name.startswith(".")
        or folder.name in _NO_SOURCES
        or (folder / "pyvenv.cfg").exists()
    )


def _version(library: str) -> str:
    try:
        return version(library)
    except ModuleNotFoundError:
        return "unknown"
