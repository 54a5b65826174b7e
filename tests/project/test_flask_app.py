"""env.py of Flask-Migrate: it asks the application, whose context must be entered."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.errors import MigrationFailed, ModelsUnavailable
from conformance.project import flask_app
from conformance.project.configuration import Configuration
from conformance.project.confinement import nowhere
from conformance.project.scripts import config_for
from conformance.project.target import target_metadata

from .projects import write

flask_migrate = pytest.importorskip("flask_migrate")

FILES = {
    "{name}/__init__.py": "",
    "{name}/models.py": """
        from flask_sqlalchemy import SQLAlchemy
        db = SQLAlchemy()
        class Door(db.Model):
            id = db.Column(db.Integer, primary_key=True)
    """,
    "{name}/factory.py": """
        from flask import Flask
        from flask_migrate import Migrate
        from .models import db

        def create_app():
            app = Flask("doors")
            app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg2://app@db.invalid/app"
            db.init_app(app)
            Migrate(app, db)
            return app
    """,
    # Flask-Migrate's own says where the scripts are.
    "migrations/alembic.ini": "[alembic]\n",
    "migrations/env.py": "from flask import current_app",
}
INI = "migrations/alembic.ini"


@pytest.fixture
def name(tmp_path, monkeypatch, request):
    """Of a package that has the application, beside Flask-Migrate's folder."""
    name = f"house_{abs(hash(request.node.name))}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("FLASK_APP", raising=False)
    write(tmp_path, {path.format(name=name): text for path, text in FILES.items()})
    yield name
    flask_app._application.cache_clear()


def entered(**configuration):
    """The application in whose context env.py would run."""
    from flask import current_app

    with nowhere(config_for(Configuration(alembic_ini=INI, **configuration))):
        return current_app.name


def test_it_is_named_in_the_configuration(name):
    assert entered(flask_app=f"{name}.factory:create_app") == "doors"


def test_it_is_named_as_flask_names_it(name, monkeypatch):
    monkeypatch.setenv("FLASK_APP", f"{name}.factory")
    assert entered() == "doors"


def test_it_is_where_flask_looks_for_it(name, tmp_path):
    (tmp_path / "app.py").write_text(f"from {name}.factory import create_app\napp = create_app()\n")
    try:
        assert entered() == "doors"
    finally:
        sys.modules.pop("app", None)


def test_it_is_in_the_package_of_the_models(name, tmp_path):
    (tmp_path / name / "__init__.py").write_text("from .factory import create_app\n")
    assert entered(models=(f"{name}.models:db.metadata",)) == "doors"


def test_there_is_none(name):
    with pytest.raises(MigrationFailed) as caught:
        entered(models=(f"{name}.models:db.metadata",))
    assert caught.value.problem == "env.py needs a Flask application, but none was found."
    assert 'flask_app = "package.module:create_app" in [tool.conformance]' in caught.value.hint
    assert "FLASK_APP" in caught.value.hint
    with pytest.raises(ModelsUnavailable) as again:
        target_metadata(Configuration(alembic_ini=INI))
    assert again.value.problem == f"No models are configured. {caught.value.problem}"
    assert again.value.hint == caught.value.hint


@pytest.mark.usefixtures("name")
def test_the_one_that_is_named_cannot_be_made():
    with pytest.raises(MigrationFailed, match=r"nowhere cannot be created: NoAppException"):
        entered(flask_app="nowhere")


@pytest.mark.parametrize(
    ("source", "told", "hint"),
    [
        ("import not_here", "ModuleNotFoundError: No module named 'not_here'", "install it for"),
        ("raise OSError('no disk')", "OSError: no disk", "'flask{} routes' shows the same error"),
        ("import os; os.environ['DOOR']", "KeyError: 'DOOR'", 'DOOR = "..."'),
    ],
)
@pytest.mark.parametrize("place", [None, "app"])
@pytest.mark.usefixtures("name")
def test_the_one_that_is_there_fails(tmp_path, source, told, hint, place):
    """Neither hidden behind the places where there is none, nor behind a traceback."""
    (tmp_path / "app.py").write_text(source)
    with pytest.raises(MigrationFailed) as caught:
        entered(flask_app=place)
    assert caught.value.problem == (
        f"The Flask application {place or 'of this folder'} cannot be created: {told}."
    )
    assert hint.format(f" --app {place}" if place else "") in caught.value.hint
    with pytest.raises(ModelsUnavailable) as caught:
        target_metadata(Configuration(alembic_ini=INI, flask_app=place))
    assert caught.value.problem.endswith(f"cannot be created: {told}.")
    assert "FLASK_APP" not in caught.value.hint


@pytest.mark.parametrize("binds", [{}, {"series": "postgresql://app@db.invalid/series"}])
def test_the_env_file_of_several_databases(name, tmp_path, binds):
    """Each connection would be led to one database, and wait for the lock of the other."""
    template = Path(flask_migrate.__file__).parent / "templates/flask-multidb/env.py"
    (tmp_path / "migrations/env.py").write_text(template.read_text())
    factory = tmp_path / name / "factory.py"
    of_binds = f'app.config["SQLALCHEMY_BINDS"] = {binds}\n    db.init_app(app)'
    factory.write_text(factory.read_text().replace("db.init_app(app)", of_binds))
    if not binds:
        assert entered(flask_app=f"{name}.factory:create_app") == "doors"
        return
    with pytest.raises(MigrationFailed) as caught:
        entered(flask_app=f"{name}.factory:create_app")
    assert caught.value.problem == (
        "env.py migrates 2 databases (that of the application, and series), and the suite has one."
    )
    assert caught.value.hint.startswith("Name an application without SQLALCHEMY_BINDS with flask_a")


@pytest.mark.usefixtures("name")
def test_other_env_files_need_none(tmp_path):
    from flask import has_app_context

    (tmp_path / "migrations/env.py").write_text("target_metadata = None")
    with nowhere(config_for(Configuration(alembic_ini=INI, flask_app="nowhere"))):
        assert not has_app_context()
