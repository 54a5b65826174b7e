"""The configuration of a project: `[tool.conformance]` in its pyproject.toml.

An option overrides an environment variable, which overrides pyproject.toml, which overrides the
default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import ConformanceError
from conformance.project.acceptance_shapes import ACCEPTED, HOUSE_RULES, SEVERITIES
from conformance.project.shapes import COUNT, TABLE, TEXT, TEXTS, WHOLE, Shape, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The names of the profiles, which say how many examples a run generates; the default first.
PROFILES = ("quick", "thorough", "nightly")
#: The table in pyproject.toml.
SECTION = "tool.conformance"
#: Engines that can run an image.
_RUN_IMAGES = ("auto", "container")


class ConfigurationWrong(ConformanceError):
    """pyproject.toml or an environment variable has a wrong key or value."""


@dataclass(frozen=True)
class Key:
    """One setting of a project or of a run.

    Attributes:
        name: the key in pyproject.toml and the attribute of `Configuration`; the option is
            `--alembic-ini` for `alembic_ini`.
        help: what the setting is, in one sentence.
        shape: the type of the value.
        metavar: the placeholder of the value in `--help`.
        default: the value where nothing is set; None: no value, or what `help` says.
        variable: the environment variable; None: there is none.
        path: whether the value is a path; paths are relative to the folder of pyproject.toml.
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
        """`help` with the environment variable and the default; for `--help`."""
        sources = [f"${self.variable}"] if self.variable else []
        sources += [_as_text(self.default)] if self.default else []
        if not sources:
            return self.help
        return f"{self.help.removesuffix('.')} (default: {', else '.join(sources)})."


def _key(  # noqa: PLR0913 - each is an attribute of Key
    description: str,
    shape: Shape,
    metavar: str = "",
    *,
    default: Any = None,
    variable: str | None = None,
    path: bool = False,
) -> Any:
    """An attribute of `Configuration` that is a key."""
    key = Key("", description, shape, metavar, default, variable, path)
    return field(default=default, metadata={"key": key})


@dataclass(frozen=True)
class Configuration:
    """The settings of one run; each attribute except `folder` is one of `KEYS`.

    Attributes:
        folder: the folder of the pyproject.toml that was read; modules there can be imported.
    """

    models: tuple[str, ...] = _key(
        "The SQLAlchemy metadata to compare with; separate several modules by commas.",
        TEXTS,
        "PKG:METADATA",
        default=(),
    )
    alembic_ini: str = _key(
        "Alembic's configuration file.", TEXT, "FILE", default="alembic.ini", path=True
    )
    schemas: tuple[str, ...] = _key(
        "Schemas to check in addition to those that the models name. Tables without a schema "
        "belong to the first one.",
        TEXTS,
        "SCHEMA",
        default=("public",),
    )
    engine: str = _key(
        "Where TimescaleDB comes from.",
        TEXT,
        "auto|embedded|local|container|URL",
        default="auto",
        variable="CONFORMANCE_ENGINE",
    )
    image: str | None = _key("The container's image.", TEXT, "IMAGE", variable="CONFORMANCE_IMAGE")
    writes: str | None = _key(
        "The module with insert_new and upsert, which the suite tests; by default the module "
        "writes in the package that models names.",
        TEXT,
        "MODULE",
    )
    profile: str = _key(
        f"How many examples to generate: {', '.join(PROFILES)}.",
        one_of(*PROFILES),
        "PROFILE",
        default=PROFILES[0],
        variable="CONFORMANCE_PROFILE",
    )
    seed: int | None = _key(
        "The seed of the generated examples: repeats the run that printed it. By default 1; a "
        "random seed in the profile nightly.",
        WHOLE,
        "N",
    )
    examples: int | None = _key(
        "The number of examples for each property of each table, and of histories for each "
        "table, instead of the profile's.",
        COUNT,
        "N",
    )
    reports: str = _key(
        "The folder for the reports.", TEXT, "FOLDER", default="build/conformance", path=True
    )
    prepare: tuple[str, ...] = _key(
        "SQL statements, or .sql files, to run in an empty database before the first "
        "revision: they create what the migrations expect to exist. With alembic_ini none: they "
        "create the whole schema.",
        TEXTS,
        "SQL|FILE",
        default=(),
    )
    sizes: str | None = _key(
        "The sizes of real tables, from conformance audit URL --sizes FILE; gate and upgrade "
        "estimate what they do there.",
        TEXT,
        "FILE",
        path=True,
    )
    environment: Mapping[str, str] | None = _key(
        "Environment variables for models and env.py; variables that are set already keep "
        "their value.",
        TABLE,
        "NAME=VALUE",
    )
    flask_app: str | None = _key(
        "The Flask application that env.py runs in, in the form of FLASK_APP.", TEXT, "PKG:APP"
    )
    fixtures: tuple[str, ...] = _key(
        "Modules with pytest fixtures that replace those of the suite. The suite does not read "
        "the project's conftest.py.",
        TEXTS,
        "MODULE",
        default=(),
    )
    accepted: tuple[Mapping[str, Any], ...] = _key(
        "Findings that the project has accepted, with reasons.", ACCEPTED, default=()
    )
    severities: Mapping[str, str] | None = _key(
        "How much a finding counts, by code, id or pattern: a warning fails nothing. The "
        "longest one that fits counts.",
        SEVERITIES,
    )
    leave: tuple[str, ...] = _key(
        "Objects of others, which are not judged: names such as celery_* or audit.*, or kind "
        "and name such as trigger:tanks.keep_*.",
        TEXTS,
        "PATTERN",
        default=(),
    )
    house_rules: Mapping[str, bool] | None = _key(
        "Whether a rule holds that is no fault of a schema; false switches it off.", HOUSE_RULES
    )
    baseline: str | None = _key(
        "The file with the findings of the day on which the tool was adopted: only new ones fail.",
        TEXT,
        "FILE",
        path=True,
    )
    folder: str | None = None


KEYS: dict[str, Key] = {
    item.name: replace(item.metadata["key"], name=item.name)
    for item in fields(Configuration)
    if "key" in item.metadata
}


def configured(**given: Any) -> Configuration:
    """The settings: as given, else from the environment, else from pyproject.toml, else defaults.

    The pyproject.toml is the nearest one, from the working directory upwards, that has the table.

    Args:
        given: values of `KEYS` by name; None: not given.

    Raises:
        ConfigurationWrong: pyproject.toml cannot be read or has an unknown key; or a value in it or
            in an environment variable has the wrong type.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    chosen = {**_environment(), **chosen}
    folder, written = _pyproject(Path.cwd())
    defaults = {name: key.default for name, key in KEYS.items()}
    if folder is not None:
        written = {name: _from(folder, name, value) for name, value in written.items()}
        defaults = {name: _from(folder, name, value) for name, value in defaults.items()}
    values = {**defaults, **written, **chosen}
    if "image" not in chosen and values["engine"] not in _RUN_IMAGES:
        # The image in pyproject.toml is meant for containers.
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
    """A value that does not change; a list as a tuple, also where it is one text."""
    return None if value is None else KEYS[name].shape.frozen(value)


def _from(folder: Path, name: str, value: Any) -> Any:
    """A path relative to the working directory."""
    return os.path.relpath(folder / value) if value is not None and KEYS[name].path else value


def _environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in KEYS.values():
        text = os.environ.get(key.variable) if key.variable else None
        if text:
            try:
                found[key.name] = key.shape.read(text)
            except ValueError as error:
                raise ConfigurationWrong(
                    f"The environment variable {key.variable} {error}.",
                    "Correct the variable, or unset it.",
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
        raise ConfigurationWrong(f"{file} cannot be read: {error}.", "Correct the file.") from None
    for name in SECTION.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _check(file: Path, table: Mapping[str, Any]) -> None:
    for name, value in table.items():
        if name not in KEYS:
            raise ConfigurationWrong(
                f"[{SECTION}] in {file} has an unknown key {name!r}.",
                f"The most similar key is {nearest(name.replace('-', '_'), KEYS)!r}.",
            )
        wrong = KEYS[name].shape.wrong
        if wrong is not None and (why := wrong(value)) is not None:
            raise ConfigurationWrong(f"{name} in [{SECTION}] of {file} {why}.", "Correct it.")
        if not KEYS[name].shape.fits(value):
            # The value is not shown: a URL may hold a password.
            raise ConfigurationWrong(
                f"{name} in [{SECTION}] of {file} must be {KEYS[name].shape.words}, but is "
                f"{_kind(value)}.",
                "Correct the value.",
            )


def _kind(value: object) -> str:
    """The type of a TOML value in words."""
    kinds = {
        bool: "true or false", str: "another text", int: "a number", float: "a number",
        list: "a list", dict: "a table",
    }  # fmt: skip
    return kinds.get(type(value), "a date or a time")
