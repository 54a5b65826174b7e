"""The suite's options, as pytest's; what they do not say the project's configuration does."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import pytest

from conformance.project.configuration import KEYS, Configuration, configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.project.configuration import Key

#: The options that pytest takes.
_NAMES = (
    "engine", "image", "models", "alembic_ini", "schemas", "writes", "profile", "seed", "examples",
)  # fmt: skip
_CONFIGURATION = pytest.StashKey[Configuration]()


def add_options(parser: pytest.Parser) -> None:
    """Make pytest know them."""
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
    """Whether all facts are one check: a check each costs more than the facts do."""
    return bool(config.getoption("conformance_facts_at_once"))


def options_of(config: pytest.Config) -> Configuration:
    """What counts in this session of pytest.

    Raises:
        ConfigurationWrong: the project's configuration is.
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
    """As pytest knows it; the prefix keeps it apart from other plugins' options."""
    return f"--conformance-{name.replace('_', '-')}"


def _reader(key: Key) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return key.shape.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None

    return read
