"""Public names are exported, typed, and loaded only when they are used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from inspect import isclass
from pathlib import Path

import pytest

import conformance
from conformance import asserting, declarations
from conformance.extras import MODULES

PROJECT = Path(__file__).parents[1]

#: A project's own module, which knows the public names only.
MODELS = """
from datetime import datetime

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from conformance import (
    Compression,
    DeclarationError,
    HashPartition,
    Hypertable,
    OrderBy,
    Retention,
    TimescaleDB,
)


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"
    __table_args__ = (
        Hypertable("at", chunk_interval="7 days", partitions=[HashPartition("id", 4)]),
        Compression(segment_by="id", order_by=[OrderBy("at", descending=True)], after="30 days"),
        Retention(drop_after="1 year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)


def required(minimum: str) -> str:
    try:
        TimescaleDB(minimum=minimum).require(Base.metadata)
    except DeclarationError as error:
        return error.reason
    return ""
"""


#: The names that no model declares with.
AT_A_START = ["DoesNotConform", "assert_conforms"]


@pytest.mark.parametrize("name", conformance.__all__)
def test_a_public_name_is_what_it_is_at_home(name):
    home = asserting if name in AT_A_START else declarations
    assert getattr(conformance, name) is getattr(home, name)
    assert name in dir(conformance)


def test_type_checkers_know_the_same_names():
    """They read imports that never run."""
    tree = ast.parse(Path(conformance.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    typed = {
        home.__name__: [alias.name for node in imports for alias in node.names
                        if node.module == home.__name__]
        for home in (asserting, declarations)
    }  # fmt: skip
    assert typed[asserting.__name__] == AT_A_START
    assert sorted(name for names in typed.values() for name in names) == conformance.__all__
    assert typed[declarations.__name__] == sorted(typed[declarations.__name__])
    assert conformance.__all__ == sorted(conformance.__all__)


def test_everything_that_a_model_declares_is_exported():
    """Whoever adds a declaration adds it to the package's face."""
    classes = {name for name in declarations.__all__ if isclass(getattr(declarations, name))}
    # What views have in common is no declaration of its own.
    assert set(conformance.__all__) - {*AT_A_START} == classes - {"Derived"} | {
        "declare",
        "include_name",
        "include_object",
    }
    namespace = {}
    exec("from conformance import *", namespace)
    assert set(conformance.__all__) <= set(namespace)


def test_the_page_about_what_is_public_names_them_all():
    page = (PROJECT / "docs" / "stability.md").read_text(encoding="utf-8")
    blocks = [ast.parse(block).body for block in re.findall(r"(?s)```python\n(.*?)```", page)]
    imported = [node for body in blocks for node in body if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in imported} == {"conformance"}
    names = [[alias.name for alias in node.names] for node in imported]
    assert names[1] == AT_A_START
    assert sorted(names[0] + names[1]) == conformance.__all__
    for extra in MODULES:
        assert f"`{extra}`" in page


def test_there_is_no_other_name():
    with pytest.raises(AttributeError, match="module 'conformance' has no attribute 'Hypertabel'"):
        _ = conformance.Hypertabel


@pytest.mark.slow
def test_strict_mypy_passes_declarations_and_sees_a_name_that_is_not_there(tmp_path):
    """As where this package is installed.

    mypy reports nothing about modules in site-packages, which lack the stubs of their extras.
    """
    (tmp_path / "right.py").write_text(MODELS)
    (tmp_path / "wrong.py").write_text(MODELS.replace("Retention", "Retentoin"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", sys.executable,
         "--cache-dir", str(tmp_path / "cache"), "--follow-imports=silent",
         "right.py", "wrong.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "MYPYPATH": str(PROJECT)},
    )  # fmt: skip
    assert 'has no attribute "Retentoin"' in done.stdout
    assert "right.py" not in done.stdout
