"""`[tool.conformance]`: which value counts, and the messages for wrong values."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import MetaData

from conformance.commands.options import options
from conformance.declarations import Extension
from conformance.declarations.base import required
from conformance.errors import ModelsUnavailable
from conformance.project.configuration import (
    KEYS,
    Configuration,
    ConfigurationWrong,
    configured,
    schema,
)
from conformance.project.models import metadata_for
from tests import forked_commands

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project's folder, without a variable of the environment that counts."""
    for key in KEYS.values():
        if key.variable:
            monkeypatch.delenv(key.variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, *lines, table="tool.conformance"):
    (folder / "pyproject.toml").write_text("\n".join([f"[{table}]", *lines]))


def test_the_keys_are_the_attributes():
    names = [field.name for field in dataclasses.fields(Configuration)]
    assert names == [*KEYS, "folder"]


@pytest.mark.usefixtures("here")
def test_nothing_said():
    assert configured() == Configuration()


def test_every_key_is_read(here):
    write(
        here,
        'models = ["a:metadata", "b:metadata"]',
        'alembic_ini = "db/alembic.ini"',
        'schemas = ["desk", "archive"]',
        'engine = "container"',
        'image = "timescaledb:1"',
        'writes = "a.writes"',
        'profile = "thorough"',
        "seed = 0",
        "examples = 7",
        'reports = "out"',
        'baseline = "base.json"',
        'leave = ["celery_*", "audit.*"]',
        'severities = { index = "warning" }',
        "house_rules = { offline_sql = false }",
        'accepted = [{ id = "a:b:c", reason = " why ", until = 2027-03-31, commands = ["audit"] }]',
    )
    assert configured() == Configuration(
        models=("a:metadata", "b:metadata"),
        alembic_ini="db/alembic.ini",
        schemas=("desk", "archive"),
        engine="container",
        image="timescaledb:1",
        writes="a.writes",
        profile="thorough",
        seed=0,
        examples=7,
        reports="out",
        accepted=({"id": "a:b:c", "reason": "why", "until": "2027-03-31", "commands": ["audit"]},),
        severities={"index": "warning"},
        leave=("celery_*", "audit.*"),
        house_rules={"offline_sql": False},
        baseline="base.json",
        folder=str(here),
    )


@pytest.mark.parametrize("day", ["2027-03-31", "'2027-03-31'"])
def test_a_day_is_one_of_toml_or_a_text(here, day):
    write(here, f"accepted = [{{ id = 'a:b:c', reason = 'why', until = {day} }}]")
    assert configured().accepted == ({"id": "a:b:c", "reason": "why", "until": "2027-03-31"},)


@pytest.mark.parametrize("models", ['"a:m, b:m"', '["a:m", "b:m"]'])
def test_one_text_or_a_list(here, models):
    write(here, f"models = {models}")
    assert configured().models == ("a:m", "b:m")


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ([], None),
        (["--models", "a:b, c:d"], ("a:b", "c:d")),
        (["--models", "a:b", "--models", "c:d,e:f"], ("a:b", "c:d", "e:f")),
    ],
)
def test_an_option_with_several_texts_may_be_given_several_times(arguments, read):
    @click.command()
    @options("models", "alembic_ini")
    def command(**given):
        assert given == {"models": read, "alembic_ini": None}

    command.main(arguments, standalone_mode=False)


def test_the_option_counts_before_the_environment_and_that_before_the_file(here, monkeypatch):
    assert configured().engine == "auto"
    write(here, 'engine = "container"')
    assert configured().engine == "container"
    monkeypatch.setenv("CONFORMANCE_ENGINE", "embedded")
    assert configured().engine == "embedded"
    assert configured(engine="postgresql://u@h/d").engine == "postgresql://u@h/d"
    monkeypatch.setenv("CONFORMANCE_ENGINE", "")
    assert configured().engine == "container"


def test_the_image_of_the_project_is_that_of_its_containers(here, monkeypatch):
    write(here, 'image = "timescaledb:1"')
    assert configured().image == "timescaledb:1"
    assert configured(engine="container").image == "timescaledb:1"
    assert configured(engine="embedded").image is None
    assert configured(engine="embedded", image="given:1").image == "given:1"
    monkeypatch.setenv("CONFORMANCE_IMAGE", "told:1")
    assert configured(engine="embedded").image == "told:1"


def test_it_is_found_upwards_and_paths_count_from_there(here, monkeypatch):
    write(here, 'alembic_ini = "db/alembic.ini"')
    below = here / "app" / "deep"
    below.mkdir(parents=True)
    write(here / "app", 'select = ["A"]', table="tool.ruff")
    monkeypatch.chdir(below)
    assert configured().folder == str(here)
    assert configured().alembic_ini == "../../db/alembic.ini"
    assert configured().reports == "../../build/conformance"
    assert configured(alembic_ini="own.ini").alembic_ini == "own.ini"


def test_modules_are_imported_from_there(here, monkeypatch):
    write(here, 'models = "models_found_upwards:metadata"')
    source = "import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table('t', metadata)\n"
    (here / "models_found_upwards.py").write_text(source)
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert list(metadata_for(configured()).tables) == ["t"]


WRONG = {
    'modles = "a"': "has an unknown key 'modles'. The most similar key is 'models'.",
    'alembic-ini = "a"': "has an unknown key 'alembic-ini'. The most similar key is 'alembic_ini'.",
    "models = 1": "models in [tool.conformance] of {file} must be a text or a list of texts, but "
    "is a number.",
    "models = []": "must be a text or a list of texts, but is a list.",
    "models = [1]": "must be a text or a list of texts, but is a list.",
    "engine = true": "engine in [tool.conformance] of {file} must be a text, but is true or false.",
    "engine = 1979-05-27": "must be a text, but is a date or a time.",
    'profile = "slow"': "must be quick, thorough or nightly, but is another text.",
    'seed = "1"': "must be a whole number, but is another text.",
    "seed = 1.5": "must be a whole number, but is a number.",
    "seed = true": "must be a whole number, but is true or false.",
    "examples = 0": "must be a whole number of at least 1, but is a number.",
    "engine = {}": "must be a text, but is a table.",
    "environment = 1": "must be a table of texts, but is a number.",
    "environment = {PORT = 5432}": "environment in [tool.conformance] of {file} has a value of "
    "PORT that is not a text in quotes. Correct it.",
    "accepted = {}": "accepted in [tool.conformance] of {file} must be a list of tables, but is a "
    "table.",
    "accepted = ['a']": "must be a list of tables, but is a list.",
    "accepted = [{id = 'a:b:c'}]": "accepted in [tool.conformance] of {file} has an entry, number "
    "1 (a:b:c), without a reason; it must be a text.",
    "accepted = [{id = 'a', reason = 'b'}, {id = 'a:b:c', reason = ' '}]": "number 2 (a:b:c), "
    "without a reason",
    "accepted = [{reason = 'a'}]": "has an entry, number 1, without an id",
    "accepted = [{id = 1, reason = 'a'}]": "has an entry, number 1, without an id",
    "accepted = [{id = 'a', reason = 'b', unti = 'c'}]": "with an unknown key 'unti'; the nearest "
    "one is 'until'",
    "accepted = [{id = 'a', reason = 'b', until = 'soon'}]": "whose until is no day; write until "
    "= 2027-03-31",
    "accepted = [{id = 'a', reason = 'b', until = 1}]": "whose until is no day",
    "accepted = [{id = 'a', reason = 'b', commands = 'audit'}]": "whose commands are not a list of "
    "check, audit, gate, upgrade",
    "accepted = [{id = 'a', reason = 'b', commands = []}]": "whose commands are not a list",
    "accepted = [{id = 'a', reason = 'b', commands = [{}]}]": "whose commands are not a list",
    "severities = 'error'": "must be a table of error and warning, but is another text.",
    "severities = {index = 'note'}": "says of index neither error nor warning.",
    "house_rules = []": "must be a table of true and false, but is a list.",
    "house_rules = {offline = false}": "has an unknown rule 'offline'; the nearest one is "
    "'offline_sql'.",
    "house_rules = {offline_sql = 0}": "says of offline_sql neither true nor false.",
    "leave = 1": "must be a text or a list of texts, but is a number.",
    "baseline = []": "must be a text, but is a list.",
    "engine = ": "{file} cannot be read: Invalid value",
}


@pytest.mark.parametrize(("line", "words"), WRONG.items(), ids=list(WRONG))
def test_what_cannot_be_meant(here, line, words):
    write(here, line)
    with pytest.raises(ConfigurationWrong) as caught:
        configured()
    assert words.format(file=here / "pyproject.toml") in str(caught.value)
    # But for a file that is no TOML, the schema says the same.
    if "cannot be read" not in words:
        assert not Draft202012Validator(schema()).is_valid(tomllib.loads(line))


@pytest.mark.usefixtures("here")
def test_the_environment_is_read_the_same_way(monkeypatch):
    monkeypatch.setenv("CONFORMANCE_PROFILE", "slow")
    with pytest.raises(ConfigurationWrong) as caught:
        configured()
    assert str(caught.value) == (
        "The environment variable CONFORMANCE_PROFILE must be quick, thorough or nightly. Correct "
        "the variable, or unset it."
    )


def test_a_password_is_not_repeated(here):
    write(here, 'engine = ["postgresql://u:secret@h/d"]')
    with pytest.raises(ConfigurationWrong) as caught:
        configured()
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("here")
def test_no_models():
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(configured())
    assert str(caught.value) == (
        "No models are configured. Pass --models package.module:Base.metadata, or set models = "
        '"..." in [tool.conformance] of pyproject.toml.'
    )


def test_no_models_here_but_below(here):
    (here / "server").mkdir()
    (here / ".venv").mkdir()
    for folder in ("server", ".venv"):
        (here / folder / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n")
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(configured())
    assert str(caught.value) == (
        "No models are configured. Alembic is configured in server/alembic.ini: run this command "
        "in server, or give --alembic-ini server/alembic.ini."
    )
    (here / "other").mkdir()
    (here / "other/alembic.ini").touch()
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(configured())
    assert "Pass --models" in str(caught.value)


SHARED = """
import sqlalchemy as sa
from shared_base import metadata
sa.Table("{name}", metadata)
"""


@pytest.fixture
def modules(here, monkeypatch):
    """Two modules with a table each, and one with nothing but the MetaData that they share."""
    (here / "shared_base.py").write_text("import sqlalchemy as sa\nmetadata = sa.MetaData()\n")
    (here / "first_half.py").write_text(SHARED.format(name="first"))
    (here / "second_half.py").write_text(SHARED.format(name="second"))
    (here / "stranger.py").write_text(
        "import sqlalchemy as sa\nmetadata = sa.MetaData()\nsa.Table('third', metadata)\n"
    )
    monkeypatch.setattr(sys, "path", [str(here), *sys.path])
    yield
    for name in ("shared_base", "first_half", "second_half", "stranger"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("modules")
def test_models_in_several_modules():
    references = ("shared_base:metadata", "first_half:metadata", "second_half:metadata")
    metadata = metadata_for(configured(models=references))
    assert set(metadata.tables) == {"first", "second"}


@pytest.mark.usefixtures("modules")
def test_models_that_do_not_share_their_metadata():
    """Such as those of two declarative bases: they are one view, of the same tables."""
    references = ("first_half:metadata", "stranger:metadata", "second_half:metadata")
    metadata = metadata_for(configured(models=references))
    assert set(metadata.tables) == {"first", "second", "third"}
    assert metadata.tables["third"] is sys.modules["stranger"].metadata.tables["third"]
    assert metadata_for(configured(models=references)) is metadata


@pytest.mark.usefixtures("modules")
def test_a_table_that_two_metadata_have():
    stranger = importlib.import_module("stranger")
    stranger.again = MetaData()
    stranger.metadata.tables["third"].to_metadata(stranger.again)
    with pytest.raises(ModelsUnavailable) as caught:
        metadata_for(configured(models=("stranger:metadata", "stranger:again")))
    assert caught.value.problem == "The table third is in stranger:metadata and in stranger:again."
    assert caught.value.hint.startswith("Let one of them have the table")


@pytest.mark.usefixtures("modules")
def test_declarations_of_several_metadata_count_together():
    modules = [importlib.import_module(name) for name in ("first_half", "stranger")]
    wanted = [Extension("pg_trgm"), Extension("btree_gist")]
    for module, extension in zip(modules, wanted, strict=True):
        extension.require(module.metadata)
    found = metadata_for(configured(models=("first_half:metadata", "stranger:metadata")))
    assert required(found, Extension) == wanted


COMMANDS = {
    "audit": ["audit", "postgresql://u:secret@127.0.0.1:1/d"],
    "check": ["check", "--engine", "embedded"],
    "upgrade": ["upgrade", "--from", "2.17.2", "--to", "2.28.3"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_that_it_needs_models(here, command):
    """It never falls back to somebody's ten tables, even where it can import them."""
    (here / "alembic").mkdir()
    (here / "alembic/env.py").write_text("target_metadata = None")
    (here / "alembic/versions").symlink_to(PROJECT / "alembic/versions")
    (here / "alembic.ini").symlink_to(PROJECT / "alembic.ini")
    (here / "models").symlink_to(PROJECT / "models")
    words = "conformance: No models are configured, and env.py does not set target_metadata. Pass "
    assert said(COMMANDS[command]).startswith(f"{words}--models ")


def test_nobody_names_models_where_there_is_no_env_py(here):
    (here / "models").symlink_to(PROJECT / "models")
    said_there = said(COMMANDS["audit"])
    assert said_there.startswith("conformance: No models are configured. Pass --models ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_is_wrong_with_the_configuration(here, command):
    write(here, "modles = 1")
    assert "The most similar key is 'models'." in said(COMMANDS[command])


def said(command):
    """The one sentence of a command that comes to no verdict."""
    done = forked_commands.run(command, Path.cwd(), dict(os.environ))
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("conformance: "))
    return line


def test_a_command_is_configured(here):
    write(here, 'models = "nowhere:metadata"')
    assert "There is no module 'nowhere'" in said(COMMANDS["audit"])


def test_pytest_is_configured(here):
    write(here, 'models = "nowhere:metadata"')
    (here / "test_ours.py").write_text("def test_it(conformance_metadata): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "There is no module 'nowhere'" in done.stdout


def test_a_wrong_configuration_matters_to_no_other_test(here):
    write(here, "modles = 1")
    (here / "test_theirs.py").write_text("def test_it(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_page_and_schema_are_fresh():
    stale = "run: python docs/generate_configuration.py"
    specification = importlib.util.spec_from_file_location(
        "generate_configuration", PROJECT / "docs" / "generate_configuration.py"
    )
    generator = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generator)
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), stale
    assert generator.SCHEMA.read_text(encoding="utf-8") == generator.schema_text(), stale
    Draft202012Validator.check_schema(schema())


def test_this_project_keeps_the_schema():
    found = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    Draft202012Validator(schema()).validate(found["tool"]["conformance"])
