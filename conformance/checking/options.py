"""The options of the suite for pytest; the project's configuration has the other settings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import pytest

from conformance.project.configuration import KEYS, Configuration, configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.project.configuration import Key

#: The keys of the configuration that are options of pytest.
_NAMES = (
    "engine", "image", "models", "alembic_ini", "schemas", "writes", "profile", "seed", "examples",
    "baseline",
)  # fmt: skip
_CONFIGURATION = pytest.StashKey[Configuration]()


def add_options(parser: pytest.Parser) -> None:
    """Add the options to pytest."""
    group = parser.getgroup("conformance", "TimescaleDB schema conformance")
    for name in _NAMES:
        key = KEYS[name]
        group.addoption(
            _flag(name),
            dest=f"conformance_{name}",
            default=None,
            type=_reader(key),
            metavar=key.metavar,
            help=key.described.replace("%", "%%"),
        )
    group.addoption("--conformance-facts-at-once", action="store_true", help=argparse.SUPPRESS)


def facts_at_once(config: pytest.Config) -> bool:
    """Whether all facts are one check, which is faster than a check for each fact."""
    return bool(config.getoption("conformance_facts_at_once"))


def options_of(config: pytest.Config) -> Configuration:
    """The configuration of this pytest session.

    Raises:
        ConfigurationWrong: the configuration of the project is wrong.
    """
    if _CONFIGURATION not in config.stash:
        given = {name: config.getoption(f"conformance_{name}") for name in _NAMES}
        config.stash[_CONFIGURATION] = configured(**given)
    return config.stash[_CONFIGURATION]


def as_arguments(configuration: Configuration) -> list[str]:
    """The configuration as arguments of pytest."""
    values = {name: getattr(configuration, name) for name in _NAMES}
    return [
        f"{_flag(name)}={','.join(value) if isinstance(value, tuple) else value}"
        for name, value in values.items()
        if value is not None and value != ()
    ]


def _flag(name: str) -> str:
    """The name of the option in pytest, with a prefix that no other plugin uses."""
    return f"--conformance-{name.replace('_', '-')}"


def _reader(key: Key) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return key.shape.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None

    return read
