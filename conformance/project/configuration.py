"""What a project says once and for all: `[tool.conformance]` in its pyproject.toml.

Everywhere an option counts first, then a variable of the environment, then pyproject.toml, then the
default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import ConformanceError
from conformance.project.shapes import COUNT, TABLE, TEXT, TEXTS, WHOLE, Shape, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How many generated examples a run tries: names of the profiles, the default first.
PROFILES = ("quick", "thorough", "nightly")
#: The table in pyproject.toml.
SECTION = "tool.conformance"
#: Engines that run an image.
_RUN_IMAGES = ("auto", "container")


class ConfigurationWrong(ConformanceError):
    """pyproject.toml, or a variable of the environment, says what cannot be meant."""


@dataclass(frozen=True)
class Key:
    """One thing that a project, or one run, can say.

    Attributes:
        name: in pyproject.toml, and of the attribute of `Configuration`. The option `--alembic-ini`
            is that of `alembic_ini`.
        help: what it is, in one sentence.
        shape: what its value looks like.
        metavar: what stands for the value in `--help`.
        default: what counts where nobody says anything; None: nothing, or what `help` says.
        variable: of the environment.
        path: whether it is a path, which counts from the folder of pyproject.toml.
    """

    name: str
    help: str
    shape: Shape
    metavar: str
    default: Any = None
    variable: str | None = None
    path: bool = False

    @property
    def described(self) -> str:
        """`help`, and what counts where nothing is given; for `--help`."""
        sources = [f"${self.variable}"] if self.variable else []
        sources += [_as_text(self.default)] if self.default else []
        if not sources:
            return self.help
        return f"{self.help.removesuffix('.')} (default: {', else '.join(sources)})."


KEYS = {
    key.name: key
    for key in (
        Key(
            "models",
            "The SQLAlchemy metadata to compare with; several modules are separated by commas.",
            TEXTS,
            "PKG:METADATA",
            default=(),
        ),
        Key(
            "alembic_ini",
            "Alembic's configuration.",
            TEXT,
            "FILE",
            default="alembic.ini",
            path=True,
        ),
        Key(
            "schemas",
            "The schemas to look at beside those that the models name; the first one is that of "
            "tables whose models name none.",
            TEXTS,
            "SCHEMA",
            default=("public",),
        ),
        Key(
            "engine",
            "Where TimescaleDB comes from.",
            TEXT,
            "auto|embedded|local|container|URL",
            default="auto",
            variable="CONFORMANCE_ENGINE",
        ),
        Key("image", "The container's image.", TEXT, "IMAGE", variable="CONFORMANCE_IMAGE"),
        Key(
            "writes",
            "The module with insert_new and upsert, whose idempotence is proven; without it, "
            "writes in the package of the models.",
            TEXT,
            "MODULE",
        ),
        Key(
            "profile",
            f"How many generated examples: {', '.join(PROFILES)}.",
            one_of(*PROFILES),
            "PROFILE",
            default=PROFILES[0],
            variable="CONFORMANCE_PROFILE",
        ),
        Key(
            "seed",
            "Draw the examples of the run that printed this seed; without it 1, and in the "
            "profile nightly a new one.",
            WHOLE,
            "N",
        ),
        Key(
            "examples",
            "Examples for each property of each table, and histories of each, instead of the "
            "profile's numbers.",
            COUNT,
            "N",
        ),
        Key(
            "reports",
            "The folder for the reports.",
            TEXT,
            "FOLDER",
            default="build/conformance",
            path=True,
        ),
        Key(
            "prepare",
            "What a database gets before the first revision, where somebody else than the "
            "migrations makes it: SQL statements, or a file that ends in .sql.",
            TEXTS,
            "SQL|FILE",
            default=(),
        ),
        Key(
            "environment",
            "Variables of the environment that models and env.py read; those that are set already "
            "stay as they are.",
            TABLE,
            "NAME=VALUE",
        ),
        Key(
            "flask_app",
            "The Flask application that env.py runs in, as FLASK_APP names it.",
            TEXT,
            "PKG:APP",
        ),
        Key(
            "fixtures",
            "Modules whose pytest fixtures take the place of the suite's; no conftest.py of the "
            "project is read.",
            TEXTS,
            "MODULE",
            default=(),
        ),
    )
}


@dataclass(frozen=True)
class Configuration:
    """What counts in one run, whoever said it; each attribute but `folder` is one of `KEYS`.

    Attributes:
        folder: where the pyproject.toml is that was read; its modules can be imported.
    """

    models: tuple[str, ...] = ()
    alembic_ini: str = "alembic.ini"
    schemas: tuple[str, ...] = ("public",)
    engine: str = "auto"
    image: str | None = None
    writes: str | None = None
    profile: str = PROFILES[0]
    seed: int | None = None
    examples: int | None = None
    reports: str = "build/conformance"
    prepare: tuple[str, ...] = ()
    environment: Mapping[str, str] | None = None
    flask_app: str | None = None
    fixtures: tuple[str, ...] = ()
    folder: str | None = None


def configured(**given: Any) -> Configuration:
    """What counts here: what is given, else the environment, else pyproject.toml, else defaults.

    The pyproject.toml is the nearest one from the working directory upwards that has the table.

    Args:
        given: values of `KEYS` by name; None: not given.

    Raises:
        ConfigurationWrong: pyproject.toml cannot be read, has an unknown key or a value of another
            shape, or a variable of the environment has.
    """
    told = {name: value for name, value in given.items() if value is not None}
    told = {**_environment(), **told}
    folder, written = _pyproject(Path.cwd())
    defaults = {name: key.default for name, key in KEYS.items()}
    if folder is not None:
        written = {name: _from(folder, name, value) for name, value in written.items()}
        defaults = {name: _from(folder, name, value) for name, value in defaults.items()}
    values = {**defaults, **written, **told}
    if "image" not in told and values["engine"] not in _RUN_IMAGES:
        # The project's image is that of its containers.
        values["image"] = None
    known: dict[str, Any] = {name: _frozen(name, values[name]) for name in KEYS}
    return Configuration(**known, folder=None if folder is None else str(folder))


def schema() -> dict[str, object]:
    """The table of pyproject.toml, as JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"[{SECTION}] in pyproject.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key.name: {
                "description": key.help,
                **key.shape.schema,
                **({"default": _as_text(key.default)} if key.default else {}),
            }
            for key in KEYS.values()
        },
    }


def _as_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _frozen(name: str, value: Any) -> Any:
    """Several are a tuple, also where they are one text."""
    if KEYS[name].shape is not TEXTS:
        return value
    return TEXTS.parse(value) if isinstance(value, str) else tuple(value)


def _from(folder: Path, name: str, value: Any) -> Any:
    """A path as it reads from the working directory."""
    return os.path.relpath(folder / value) if KEYS[name].path else value


def _environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in KEYS.values():
        text = os.environ.get(key.variable) if key.variable else None
        if text:
            try:
                found[key.name] = key.shape.read(text)
            except ValueError as error:
                raise ConfigurationWrong(
                    f"The environment's {key.variable} {error}.", "Correct it, or unset it."
                ) from None
    return found


def _pyproject(start: Path) -> tuple[Path | None, Mapping[str, Any]]:
    """The folder of the nearest pyproject.toml that has our table, and the table."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            _check(file, table)
            return folder, table
    return None, {}


def _table(file: Path) -> Mapping[str, Any] | None:
    import tomllib

    try:
        found: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationWrong(f"{file} cannot be read: {error}.", "Correct it.") from None
    for name in SECTION.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _check(file: Path, table: Mapping[str, Any]) -> None:
    for name, value in table.items():
        if name not in KEYS:
            from difflib import get_close_matches

            (nearest,) = get_close_matches(name.replace("-", "_"), KEYS, n=1, cutoff=0)
            raise ConfigurationWrong(
                f"[{SECTION}] in {file} has the key {name!r}, which nobody knows.",
                f"The nearest one is {nearest!r}.",
            )
        if not KEYS[name].shape.fits(value):
            # The value is not shown: a URL may hold a password.
            raise ConfigurationWrong(
                f"{name} of [{SECTION}] in {file} must be {KEYS[name].shape.words}, and is "
                f"{_kind(value)}.",
                "Correct it.",
            )


def _kind(value: object) -> str:
    """What a value of TOML is, for people."""
    kinds = {
        bool: "true or false", str: "another text", int: "a number", float: "a number",
        list: "a list", dict: "a table",
    }  # fmt: skip
    return kinds.get(type(value), "a date or a time")
