"""The mapped classes of the models, whatever names the module of the models has."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, literal, orm, select
from sqlalchemy.dialects.postgresql import INTERVAL

from conformance.declarations import View
from conformance.errors import ModelsUnavailable
from conformance.project import surroundings
from conformance.project.configuration import Configuration
from conformance.project.models import NO_WRITE_PATH, classes_for, metadata_for, writes_for
from models import Base, MarketData

from .projects import write


@pytest.fixture
def module(monkeypatch):
    """A module of the user's, which can be imported as `mine`."""
    made = ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", made)
    made.metadata, made.Base = Base.metadata, Base
    return made


class Anything:
    def __getattr__(self, name):
        raise RuntimeError(name)


def test_a_name_that_the_module_does_not_have(module):
    """A module often has the classes of the models, and not their base."""
    del module.metadata, module.Base
    module.settings, module.MarketData = Anything(), MarketData
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("mine:Base.metadata",)))
    assert caught.value.problem.startswith("mine has no 'Base.metadata'")
    assert caught.value.hint == "Write it as mine:MarketData.metadata, for instance."
    assert metadata_for(Configuration(models=("mine:MarketData.metadata",))) is Base.metadata
    del module.MarketData
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("mine:Base.metadata",)))
    assert caught.value.hint == "Write it as package.module:Base.metadata."


def test_the_classes_of_the_models():
    found = classes_for(Base.metadata)
    assert found[MarketData.__table__] is MarketData
    assert {*found} == {*Base.metadata.tables.values()}


def test_classes_that_share_a_table_or_belong_to_other_metadata():
    class Other(orm.DeclarativeBase):
        pass

    class Door(Other):
        __tablename__ = "doors"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        kind: orm.Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "door"}  # noqa: RUF012

    class Gate(Door):
        __mapper_args__ = {"polymorphic_identity": "gate"}  # noqa: RUF012

    class Portcullis(Door):
        __tablename__ = "portcullises"
        id: orm.Mapped[int] = orm.mapped_column(ForeignKey("doors.id"), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "portcullis"}  # noqa: RUF012

    assert Gate.__table__ is Door.__table__
    assert classes_for(Other.metadata) == {Door.__table__: Door, Portcullis.__table__: Portcullis}
    copied = MetaData()
    Door.__table__.to_metadata(copied)
    assert classes_for(copied) == {}


@pytest.mark.parametrize("named", ["registry", "property", "anything"])
def test_a_module_that_has_a_name_of_sqlalchemy_s(module, named):
    """SQLAlchemy's class, imported for a reason of the module's own, is no matter."""
    module.registry = {"registry": orm.registry, "property": property()}.get(named, {"a": 1})
    found = metadata_for(Configuration(models=("mine:metadata",)))
    assert classes_for(found)[MarketData.__table__] is MarketData


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
    if file == "pyproject.toml":
        pytest.importorskip("alembic", minversion="1.16")
    name = f"stock_of_{file.partition('.')[0]}"
    (tmp_path / "src").mkdir()
    (tmp_path / f"src/{name}.py").write_text(
        "from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table\n"
        "metadata = MetaData()\nTable('stock', metadata, Column('id', Integer))\n"
    )
    (tmp_path / "db").mkdir()
    (tmp_path / file).write_text(text.format(tmp_path / "src"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    configuration = Configuration(models=(f"{name}:metadata",), alembic_ini="alembic.ini")
    assert list(metadata_for(configuration).tables) == ["stock"]
    monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    ("package", "imported", "hint"),
    [
        ("uses_another", "not_here", "If not_here is a package, install it for"),
        ("lacks_its_own", "lacks_its_own.rest", "Run this command in the folder that has"),
    ],
)
def test_a_missing_package_is_installed_and_a_missing_module_is_looked_for(
    tmp_path, monkeypatch, package, imported, hint
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path, {f"{package}/__init__.py": "", f"{package}/models.py": f"import {imported}"})
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=(f"{package}.models:Base",)))
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("raised", "hint"),
    [
        (
            "NotImplementedError('HOUSE_URL needs to be set')",
            "If HOUSE_URL is an environment variable, set it to any valid value:"
            ' HOUSE_URL = "postgresql://localhost/any" in [tool.conformance.environment] of',
        ),
        ("ValueError('SOME_CODE')", "Correct the module. If it needs environment variables, give"),
        ("ValueError('no more doors')", "Correct the module. If it needs environment variables"),
    ],
)
def test_a_module_that_asks_for_a_variable(tmp_path, monkeypatch, raised, hint):
    """In its own words, whichever library reads the variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path, {"asks/__init__.py": "", "asks/models.py": f"raise {raised}"})
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("asks.models:Base",)))
    sys.modules.pop("asks")
    assert "(asks/models.py, line 1)" in caught.value.problem
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"stocks/__init__.py": ""}, f"{NO_WRITE_PATH}."),
        ({"stocks.py": ""}, f"{NO_WRITE_PATH}."),
        (
            {"stocks/__init__.py": "", "stocks/writes.py": ""},
            "The module stocks.writes lacks the function insert_new(connection, Model, rows).",
        ),
        (
            {"stocks/__init__.py": "", "stocks/writes.py": "import stocks.rest"},
            "There is no module 'stocks.rest' (from writes stocks.writes).",
        ),
    ],
    ids=["a package", "a module", "an empty one", "one that cannot be imported"],
)
def test_a_write_path_that_nobody_has_named(tmp_path, monkeypatch, files, problem):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path, files)
    try:
        with pytest.raises(ModelsUnavailable) as caught:
            writes_for(Configuration(models=("stocks:metadata",)))
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "stocks"]:
            del sys.modules[name]
    assert caught.value.problem == problem


def test_a_module_that_is_not_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("HOUSE_URL", raising=False)
    reads = "import os\nos.getenv('HOUSE_URL')\nimport breaks.models"
    write(tmp_path, {"breaks/__init__.py": reads, "breaks/models.py": "x = 1\nNone = 1\n"})
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("breaks.models:Base",)))
    file = tmp_path / "breaks/models.py"
    assert caught.value.problem == (
        f"breaks.models cannot be imported: SyntaxError: cannot assign to None ({file}, line 2)."
    )
    assert caught.value.hint == "Correct the file at this line."


@pytest.mark.parametrize("there", [True, False])
def test_a_value_for_a_variable_has_a_driver_that_is_installed(tmp_path, monkeypatch, there):
    """From SQLAlchemy 2.1 on, postgresql:// means psycopg."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("HOUSE_URL", raising=False)
    monkeypatch.setattr(surroundings, "find_spec", lambda _: there or None)
    write(tmp_path, {"reads/__init__.py": "", "reads/url.py": "import os; os.environ['HOUSE_URL']"})
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("reads.url:Base",)))
    sys.modules.pop("reads")
    url = "postgresql://localhost/any" if there else "postgresql+psycopg2://localhost/any"
    assert f'HOUSE_URL = "{url}"' in caught.value.hint


def test_the_driver_that_sqlalchemy_takes_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "default_driver", lambda: "psycopg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    raised = "raise ModuleNotFoundError('no', name='psycopg')"
    write(tmp_path, {"drives/__init__.py": "", "drives/models.py": raised})
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("drives.models:Base",)))
    assert "or write postgresql+psycopg2://, or install 'sqlalchemy<2.1'" in caught.value.hint
