"""The suite's options: as pytest's, in the environment, or the default."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

#: How many generated examples a run tries: names of the profiles, the default first.
PROFILES = ("quick", "thorough", "nightly")


@dataclass(frozen=True)
class Option:
    """One thing that a run of the suite can be told.

    Attributes:
        name: of the attribute in `Options`, and of the option: `alembic_ini` is
            `--conformance-alembic-ini`.
        variable: of the environment, which counts where the option is not given.
        default: what counts where neither is.
    """

    name: str
    help: str
    metavar: str
    default: Any = None
    variable: str | None = None
    kind: Callable[[str], Any] = str
    choices: tuple[str, ...] | None = None

    @property
    def flag(self) -> str:
        """As pytest knows it; the prefix keeps it apart from other plugins' options."""
        return f"--conformance-{self.name.replace('_', '-')}"

    def value(self, given: Any) -> Any:
        """What counts: the option, else the environment, else the default."""
        if given is not None:
            return given
        told = os.environ.get(self.variable) if self.variable else None
        return self.default if not told else self.kind(told)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of examples")
    return int(text)


OPTIONS = (
    Option(
        "engine",
        "Where TimescaleDB comes from (default: $CONFORMANCE_ENGINE, else auto).",
        "auto|embedded|container|URL",
        "auto",
        "CONFORMANCE_ENGINE",
    ),
    Option(
        "image",
        "The container's image (default: $CONFORMANCE_IMAGE).",
        "IMAGE",
        variable="CONFORMANCE_IMAGE",
    ),
    Option(
        "models",
        "The SQLAlchemy metadata to compare with (default: models:Base.metadata).",
        "PKG:METADATA",
        "models:Base.metadata",
    ),
    Option(
        "alembic_ini",
        "Alembic's configuration (default: alembic.ini).",
        "FILE",
        "alembic.ini",
    ),
    Option(
        "writes",
        "The module with insert_new and upsert, whose idempotence is proven"
        " (default: writes in the package of the models).",
        "MODULE",
    ),
    Option(
        "profile",
        "How many generated examples: quick (the default), thorough, nightly.",
        "PROFILE",
        PROFILES[0],
        "CONFORMANCE_PROFILE",
        choices=PROFILES,
    ),
    Option(
        "seed",
        "Draw the examples of the run that printed this seed (default: 1; nightly: a new one).",
        "N",
        kind=int,
    ),
    Option(
        "examples",
        "Examples for each property of each table, and histories of each,"
        " instead of the profile's numbers.",
        "N",
        kind=_positive,
    ),
)


@dataclass(frozen=True)
class Options:
    """What a run was told; None where nothing was said and there is no default."""

    engine: str
    image: str | None
    models: str
    alembic_ini: str
    writes: str | None
    profile: str
    seed: int | None
    examples: int | None


def add_options(parser: pytest.Parser) -> None:
    """Make pytest know them."""
    group = parser.getgroup("conformance", "TimescaleDB schema conformance")
    for option in OPTIONS:
        group.addoption(
            option.flag,
            dest=f"conformance_{option.name}",
            default=None,
            type=option.kind,
            metavar=option.metavar,
            help=option.help,
            **({} if option.choices is None else {"choices": option.choices}),
        )
    group.addoption("--conformance-facts-at-once", action="store_true", help=argparse.SUPPRESS)


def facts_at_once(config: pytest.Config) -> bool:
    """Whether all facts are one check: a check each costs more than the facts do."""
    return bool(config.getoption("conformance_facts_at_once"))


def options_of(config: pytest.Config) -> Options:
    """What this session of pytest was told."""
    return Options(
        **{
            option.name: option.value(config.getoption(f"conformance_{option.name}"))
            for option in OPTIONS
        }
    )


def as_arguments(**given: Any) -> list[str]:
    """The options as arguments of pytest; those that are None are left out."""
    return [
        f"{option.flag}={given[option.name]}"
        for option in OPTIONS
        if given.get(option.name) is not None
    ]
