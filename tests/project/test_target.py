"""The metadata of env.py counts if no models are named, or if they have no tables."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import MetaData

from conformance.errors import ModelsUnavailable
from conformance.project.configuration import Configuration
from conformance.project.models import metadata_for

from .projects import write

#: A package whose tables are in modules that only env.py imports.
PACKAGE = {
    "{name}/__init__.py": "",
    "{name}/base.py": "from sqlalchemy import MetaData\nmetadata = MetaData()\n",
    "{name}/doors.py": """
        from sqlalchemy import Column, Integer, Table
        from .base import metadata
        Table("doors", metadata, Column("id", Integer, primary_key=True))
        def copied():
            copy = type(metadata)()
            metadata.tables["doors"].to_metadata(copy)
            return copy
    """,
    "alembic.ini": "[alembic]\nscript_location = steps\nsqlalchemy.url = driver://u:p@h/d\n",
}
IMPORTS = "from {name}.base import metadata\nimport {name}.doors\ntarget_metadata = {target}\n"
ASKS = """
from alembic import context
if context.is_offline_mode():
    url = context.config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata={target})
    with context.begin_transaction():
        context.run_migrations()
else:
    raise RuntimeError("there is no database yet")
"""
CONNECTS = """
from alembic import context
from sqlalchemy import create_engine
with create_engine("postgresql+psycopg2://app@db.example.invalid/app").connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
"""


@pytest.fixture
def project(tmp_path, monkeypatch, request):
    """`project(env)`: a folder with a package of a name of its own, the working directory."""
    name = f"house_{abs(hash(request.node.name))}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def made(env):
        files = {**PACKAGE, "steps/env.py": env}
        write(tmp_path, {
            path.format(name=name): text.replace("{name}", name) for path, text in files.items()
        })  # fmt: skip
        return name

    return made


def tables(**configuration):
    return sorted(metadata_for(Configuration(**configuration)).tables)


@pytest.mark.parametrize(
    "target", ["metadata", "[metadata]", "(metadata, metadata)", "[metadata, type(metadata)()]"]
)
def test_what_env_py_gives_alembic(project, target):
    project(IMPORTS.replace("{target}", target) + ASKS.replace("{target}", "target_metadata"))
    assert tables() == ["doors"]


def test_what_env_py_calls_so_where_it_only_connects(project):
    """The connection is refused; no database is reached, and none is needed."""
    project(IMPORTS.replace("{target}", "metadata") + CONNECTS)
    assert tables() == ["doors"]


def test_what_env_py_calls_so_where_it_is_of_no_use_offline(project):
    """Older templates pass target_metadata to Alembic with a connection alone."""
    asks = ASKS.replace(", target_metadata={target}", "")
    assert asks != ASKS
    project(IMPORTS.replace("{target}", "metadata") + asks)
    assert tables() == ["doors"]


def test_what_env_py_gives_alembic_counts_first(project):
    """The module's own variable may have another meaning there."""
    other = "target_metadata = {name}.doors.copied()"
    project(
        IMPORTS.replace("target_metadata = {target}", other) + ASKS.replace("{target}", "metadata")
    )
    assert tables() == ["doors"]


def test_env_py_imports_the_tables_of_the_models_that_are_named(project):
    name = project(IMPORTS.replace("{target}", "None") + ASKS.replace("{target}", "metadata"))
    assert tables(models=(f"{name}.base:metadata",)) == ["doors"]


def test_models_that_are_named_count_first(project):
    name = project("raise RuntimeError('not this one')")
    assert tables(models=(f"{name}.base:metadata", f"{name}.doors:metadata")) == ["doors"]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        (
            "target_metadata = None",
            "No models are configured, and env.py does not set target_metadata.",
        ),
        (
            IMPORTS.replace("{target}", "[metadata, {name}.doors.copied()]") + CONNECTS,
            "The table doors is in target_metadata[0] of env.py and in target_metadata[1] of"
            " env.py.",
        ),
        (
            "from {name}.base import metadata\ntarget_metadata = metadata\n" + CONNECTS,
            "No models are configured, and the target_metadata of env.py has no tables.",
        ),
    ],
)
def test_what_it_cannot_be(project, env, words):
    project(env)
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert caught.value.problem == words
    assert "--models" in caught.value.hint or "separate runs" in caught.value.hint


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ("raise RuntimeError('choose a tenant with -x')", "RuntimeError: choose a tenant with -x"),
        ("settings = {}\nsettings['tenant']", "KeyError: 'tenant'"),
        ("import sys\nsys.exit('no tenant')", "SystemExit: no tenant"),
    ],
)
def test_an_error_of_env_py_itself(project, env, told):
    """The models may well be named by env.py, had it not failed."""
    project(env)
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert caught.value.problem == (
        f"No models are configured, and env.py fails in offline mode: {told}."
    )
    assert caught.value.hint.startswith("Correct env.py, or give it what it asks for: ")
    assert "--models" not in caught.value.hint


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ("import not_here.at_all", "If not_here is a package, install it for"),
        ("import not_here.at_all", "name that folder in PYTHONPATH"),
        ("target_metadata = None", "conformance inspect --no-models URL"),
        (CONNECTS, "Or change env.py: Ask context.is_offline_mode() before connecting."),
        (CONNECTS, "Pass --models package.module:Base.metadata"),
    ],
)
def test_the_way_out(project, env, words):
    project(env)
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert words in caught.value.hint


def test_a_package_below_src_is_named_with_its_folder(project, tmp_path, monkeypatch):
    project("from cellar_of_doors.base import metadata as target_metadata")
    write(tmp_path, {
        "src/cellar_of_doors/__init__.py": "",
        "src/cellar_of_doors/base.py": "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\nTable('doors', metadata, Column('id', Integer))",
    })  # fmt: skip
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert caught.value.hint.startswith("cellar_of_doors is in the folder src: name that folder in")
    (tmp_path / "src/__init__.py").touch()
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert "install it for" in caught.value.hint
    (tmp_path / "src/__init__.py").unlink()
    monkeypatch.syspath_prepend("src")
    assert tables() == ["doors"]


@pytest.mark.parametrize("initialized", [True, False])
def test_a_package_that_has_the_ini_file_is_named_with_its_folder(
    tmp_path, monkeypatch, initialized
):
    """Alembic runs in the package, and env.py imports the package."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    package = tmp_path / "cellar_with_steps"
    write(package, {
        "alembic.ini": "[alembic]\nscript_location = steps\n",
        "steps/env.py": "from cellar_with_steps.base import metadata as target_metadata",
        "base.py": "from sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\nTable('doors', metadata, Column('id', Integer))",
        **({"__init__.py": ""} if initialized else {}),
    })  # fmt: skip
    monkeypatch.chdir(package)
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert caught.value.hint == (
        "cellar_with_steps is in the folder ..: name that folder in PYTHONPATH, or in"
        " prepend_sys_path of Alembic's configuration."
    )
    (package / "alembic.ini").write_text(
        "[alembic]\nscript_location = steps\nprepend_sys_path = ..\npath_separator = os\n"
    )
    assert tables() == ["doors"]
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "read",
    [
        "os.environ['HOUSE_URL']",
        "os.getenv('HOUSE_URL') or sys.exit()",
        "os.getenv('HOUSE_URL') or sys.exit('see the manual')",
        "create_engine(os.environ.get('HOUSE_URL'))",
        "os.environ.get('HOUSE_URL') or wanted('HOUSE_URL')",
    ],
)
def test_an_env_py_that_misses_a_variable(project, monkeypatch, read):
    monkeypatch.delenv("HOUSE_URL", raising=False)
    project(
        "import os, sys\nfrom sqlalchemy import create_engine\n"
        "def wanted(what):\n    raise RuntimeError(what + ' is not set')\n"
        "os.getenv('HOUSE_COLOUR', 'white'), os.getenv('PATH')\n"
        f"URL = {read}\n"
    )
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    value = "postgresql://localhost/any"
    assert caught.value.hint.startswith(
        f'Set HOUSE_URL to any valid value: HOUSE_URL = "{value}" in [tool.conformance.environment]'
    )
    monkeypatch.setenv("HOUSE_URL", value)
    with pytest.raises(ModelsUnavailable, match=r"env\.py does not set target_metadata"):
        tables()


@pytest.mark.parametrize(
    ("read", "hint"),
    [
        ("False", "Correct env.py"),
        ("os.getenv('HOUSE_URL')", "Set HOUSE_URL to any valid value"),
    ],
)
def test_a_variable_that_another_function_reads_is_not_why_the_process_ends(
    project, monkeypatch, read, hint
):
    """Where settings are read, there are some that may be left out."""
    monkeypatch.delenv("HOUSE_COLOUR", raising=False)
    monkeypatch.delenv("HOUSE_URL", raising=False)
    project(
        "import os, sys\n"
        "def colour():\n    return os.getenv('HOUSE_COLOUR')\n"
        f"def complete():\n    if not {read}:\n        sys.exit(2)\n"
        "colour()\ncomplete()\n"
    )
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert caught.value.hint.startswith(hint)


def test_a_variable_that_an_env_py_can_do_without(project, monkeypatch):
    monkeypatch.delenv("HOUSE_URL", raising=False)
    project("import os\nos.getenv('HOUSE_URL')\nraise RuntimeError('broken')")
    with pytest.raises(ModelsUnavailable) as caught:
        tables()
    assert "HOUSE_URL" not in caught.value.hint


def test_an_env_py_that_asks_for_the_options_of_a_command(project):
    project(
        IMPORTS.replace("{target}", "metadata")
        + "from alembic import context\noptions = context.config.cmd_opts\n"
        "assert not (options.autogenerate or options.sql or options.tag or options.x)\n"
        + ASKS.replace("{target}", "metadata")
    )
    assert tables() == ["doors"]


def test_settings_of_pydantic_that_miss_one(tmp_path, monkeypatch):
    pytest.importorskip("pydantic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    source = (
        "from pydantic import BaseModel\nclass Settings(BaseModel):\n    db_host: str\nSettings()"
    )
    (tmp_path / "strict_settings.py").write_text(source)
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("strict_settings:metadata",)))
    assert caught.value.hint.startswith("Set DB_HOST to any valid value")


def test_values_that_the_fields_of_settings_accept(tmp_path, monkeypatch):
    pytest.importorskip("pydantic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    source = """
from pydantic import BaseModel, HttpUrl, RedisDsn, field_validator
class Settings(BaseModel):
    model_config = {"env_prefix": "house_"}
    port: int
    cache_url: RedisDsn
    page_url: HttpUrl
    url: str
    redis_url: str
    seal: str

    @field_validator("seal")
    @classmethod
    def checked(cls, value):
        raise ValueError("no seal")
Settings()
"""
    (tmp_path / "typed_settings.py").write_text(source)
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("typed_settings:metadata",)))
    values = {
        "HOUSE_PORT": "1",
        "HOUSE_CACHE_URL": "redis://localhost/0",
        "HOUSE_PAGE_URL": "https://localhost/any",
        "HOUSE_URL": "postgresql://localhost/any",
        "HOUSE_REDIS_URL": "redis://localhost/0",
        "HOUSE_SEAL": "...",
    }
    lines = "; ".join(f'{name} = "{value}"' for name, value in values.items())
    assert f"to any valid value: {lines} in [tool" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        (
            "import os\nfrom pydantic import BaseModel\nclass Settings(BaseModel):\n"
            "    model_config = {'env_prefix': 'HOUSE_'}\n    seal: int\n"
            "Settings(seal=os.environ['HOUSE_SEAL'])",
            "Correct the value of HOUSE_SEAL in [tool.conformance.environment] of pyproject.toml",
        ),
        (
            "from sqlalchemy.ext.asyncio import create_async_engine\n"
            "create_async_engine('postgresql+psycopg2://localhost/any')",
            "Name an asynchronous driver in the variable that the URL comes from: postgresql+async",
        ),
    ],
    ids=["a field", "a URL of an asynchronous engine"],
)
def test_a_variable_with_a_wrong_value(tmp_path, monkeypatch, source, hint):
    pytest.importorskip("pydantic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("HOUSE_SEAL", "red")
    (tmp_path / "wrong_value.py").write_text(source)
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("wrong_value:metadata",)))
    assert caught.value.hint.startswith(hint)


def test_a_syntax_error_is_told_with_the_path_of_its_file(tmp_path, monkeypatch):
    """There are many base.py; Python's own words name no folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    file = tmp_path / "too_new.py"
    file.write_text("class class: ...\n")
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("too_new:metadata",)))
    assert f"SyntaxError: invalid syntax ({file}, line 1)" in caught.value.problem


STRICT = """
import os
from pydantic import BaseModel, Field

class Settings(BaseModel):
    model_config = {"env_prefix": "LAB_"}
    host: str
    password: str
    token: str = Field(validation_alias="API_TOKEN")

Settings(password=os.environ["LAB_PASSWORD"])
"""


def test_settings_that_miss_one_show_no_value_of_another(tmp_path, monkeypatch):
    """The variable's name is told with the prefix that the class gives it."""
    pytest.importorskip("pydantic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("LAB_PASSWORD", "quite-secret")
    (tmp_path / "lab_settings.py").write_text(STRICT)
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(Configuration(models=("lab_settings:metadata",)))
    assert caught.value.problem == (
        "lab_settings cannot be imported: ValidationError: Settings: host: Field required;"
        " API_TOKEN: Field required (lab_settings.py, line 11)."
    )
    assert caught.value.hint.startswith("Set LAB_HOST and API_TOKEN to any valid value")


def test_variables_of_the_configuration_are_there_when_models_are_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("ROOM_A", "ROOM_B"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROOM_B", "own")
    (tmp_path / "rooms.py").write_text(
        "import os\nfrom sqlalchemy import Column, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        "Table(os.environ['ROOM_A'] + os.environ['ROOM_B'], metadata, Column('n', Integer))\n"
    )
    said = {"ROOM_A": "given ", "ROOM_B": "given"}
    found = metadata_for(Configuration(models=("rooms:metadata",), environment=said))
    assert isinstance(found, MetaData)
    assert list(found.tables) == ["given own"]
    monkeypatch.delenv("ROOM_A")
