"""The mapped classes come from the named base; other names of its module do not matter."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, literal, orm, select
from sqlalchemy.dialects.postgresql import INTERVAL

from conformance.declarations import View
from conformance.errors import ModelsUnavailable
from conformance.project.configuration import Configuration
from conformance.project.models import classes_for, metadata_for
from models import Base, MarketData


@pytest.fixture
def module(monkeypatch):
    """A module of the user's, which can be imported as `mine`."""
    made = ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", made)
    made.metadata, made.Base = Base.metadata, Base
    return made


def test_the_classes_of_a_base():
    assert (
        classes_for(Configuration(models=("models:Base.metadata",)))[MarketData.__table__]
        is MarketData
    )


@pytest.mark.parametrize("named", ["registry", "property", "anything"])
def test_a_module_that_has_a_name_of_sqlalchemy_s(module, named):
    """SQLAlchemy's class, imported for a reason of the module's own, has no classes."""
    module.registry = {"registry": orm.registry, "property": property()}.get(named, {"a": 1})
    assert classes_for(Configuration(models=("mine:metadata",))) == {}
    assert MarketData.__table__ in classes_for(Configuration(models=("mine:Base",)))


def test_a_registry_of_the_module_s_own(module):
    module.registry = Base.registry
    assert classes_for(Configuration(models=("mine:metadata",))) == classes_for(
        Configuration(models=("mine:Base",))
    )


def test_a_query_that_cannot_be_written_is_one_sentence(module):
    module.metadata = MetaData()
    query = select(literal(object(), INTERVAL).label("width"))
    Table("doors", module.metadata, Column("id", Integer))
    View(query, name="widths").require(module.metadata)
    with pytest.raises(ModelsUnavailable, match=r"^A declaration is wrong: widths: the q"):
        metadata_for(Configuration(models=("mine:metadata",)))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/db\nprepend_sys_path = {}\n"
         "path_separator = os\n"),
        ("pyproject.toml",
         '[tool.alembic]\nscript_location = "%(here)s/db"\nprepend_sys_path = ["{}"]\n'),
    ],
    ids=["ini", "pyproject"],
)  # fmt: skip
def test_a_module_where_alembic_finds_it(tmp_path, monkeypatch, file, text):
    """Such as `src`, which is on the path only while Alembic runs."""
    name = f"stock_of_{file.partition('.')[0]}"
    (tmp_path / "src").mkdir()
    (tmp_path / f"src/{name}.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\nTable('stock', metadata, Column('id', Integer))\n"
    )
    (tmp_path / "db").mkdir()
    (tmp_path / file).write_text(text.format(tmp_path / "src"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    configuration = Configuration(models=(f"{name}:metadata",), alembic_ini="alembic.ini")
    assert list(metadata_for(configuration).tables) == ["stock"]
    monkeypatch.delitem(sys.modules, name)
