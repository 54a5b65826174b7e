"""`conformance inspect`: what stands where, and how it says that it cannot run."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cli import main
from tests import forked_commands
from tests.click_runner import CliRunner

from .conftest import address, run

PROJECT = Path(__file__).parents[2]


def inspect(*arguments):
    """The command's exit code, standard output and standard error."""
    result = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def database(conformance_engine, schema_template):
    with conformance_engine.database(schema_template) as url:
        yield url


def test_models_that_say_everything(database):
    code, out, err = inspect(address(database))
    assert (code, out) == (0, "")
    assert err == "The models say everything that the database has.\n"


@pytest.mark.usefixtures("community_edition")
def test_what_the_models_lack(database):
    run(database, "SELECT set_chunk_time_interval('signals', INTERVAL '7 days');"
                  "SELECT add_retention_policy('signals', INTERVAL '5 years');"
                  "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_short"
                  " CHECK (length(ticker) < 9);"
                  "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                  "ALTER TABLE curves DROP COLUMN source")  # fmt: skip
    code, out, err = inspect(address(database))
    assert (code, err) == (0, "")
    ast.parse(out)
    assert "# Signal (table signals): add to __table_args__." in out
    assert "    # Instead of what the class says in Hypertable(...).\n" in out
    assert '    Hypertable("signal_date", chunk_interval="7 days"),\n' in out
    assert '    Retention(drop_after="5 years"),\n' in out
    # The naming convention would make another name of it.
    assert 'name=conv("ck_instruments_short")' in out
    assert '    Function(\n        "one()",\n' in out
    assert "# - column curves.source: is missing, the models declare it" in out
    assert "Compression" not in out


@pytest.mark.usefixtures("community_edition")
def test_policies_whose_age_is_none_are_not_declared(database):
    """A declaration refuses such an age."""
    run(database, "SELECT add_retention_policy('signals', INTERVAL '5 years'); DO $$ BEGIN"
                  " EXECUTE format('UPDATE %%s SET config = config || ''{\"compress_after\":"
                  " \"soon\", \"drop_after\": \"soon\"}'' WHERE hypertable_id = (SELECT id FROM"
                  " _timescaledb_catalog.hypertable WHERE table_name = ''signals'')',"
                  " coalesce(to_regclass('_timescaledb_catalog.bgw_job'),"
                  " to_regclass('_timescaledb_config.bgw_job'))); END $$")  # fmt: skip
    code, out, _ = inspect(address(database))
    assert code == 0
    ast.parse(out)
    assert "Retention" not in out
    assert "# - policy signals.compression: compress after is soon" in out
    assert "# - policy signals.retention: is in the database" in out


@pytest.mark.usefixtures("community_edition")
def test_everything(database):
    code, out, _ = inspect(address(database), "--all")
    assert code == 0
    assert "Compression(" in out
    assert "Instead of" not in out


def test_a_column_and_a_table_that_the_models_lack(database):
    pytest.importorskip("sqlacodegen")
    run(database, "ALTER TABLE curves ADD COLUMN note varchar(9);"
                  "CREATE TABLE desks (id int PRIMARY KEY, lead text NOT NULL)")  # fmt: skip
    code, out, _ = inspect(address(database))
    assert code == 0
    ast.parse(out)
    assert "class CurveData:\n    note: Mapped[Optional[str]] = mapped_column(String(9))\n" in out
    assert "class Desks(Base):\n    __tablename__ = 'desks'\n" in out


def test_a_module_without_models(database, tmp_path, monkeypatch):
    pytest.importorskip("sqlacodegen")
    monkeypatch.chdir(tmp_path)
    code, out, err = inspect(address(database))
    assert (code, err) == (0, "")
    assert out.startswith("# The schema of database ")
    Path("inspected.py").write_text(out, encoding="utf-8")
    audited = forked_commands.run(
        ["audit", address(database), "--models", "inspected:Base.metadata"],
        tmp_path,
        {**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert audited.returncode == 0, audited.stdout
    assert "0 findings" in audited.stdout


def test_a_module_in_spite_of_models(database):
    pytest.importorskip("sqlacodegen")
    code, out, _ = inspect(address(database), "--no-models")
    assert code == 0
    assert "class MarketData(Base):" in out
    _, out, _ = inspect(address(database), "--no-models", "--schemas", "elsewhere")
    assert "# No table is in elsewhere. Others have tables: --schemas public" in out


def test_the_schema_of_tables_without_one_is_said(database):
    pytest.importorskip("sqlacodegen")
    run(database, "CREATE SCHEMA chain CREATE TABLE blocks (id integer PRIMARY KEY)")
    said = "# Tables without a schema are those of "
    _, out, _ = inspect(address(database), "--no-models", "--schemas", "chain,public")
    assert f"{said}chain. Audit with --schemas chain,public\n" in out
    _, out, _ = inspect(address(database), "--no-models", "--schemas", "public,chain")
    assert said not in out


def test_nothing_is_written(database):
    pytest.importorskip("sqlacodegen")
    run(database, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET"
                  " default_transaction_read_only = on', current_database()); END $$")  # fmt: skip
    code, out, _ = inspect(address(database), "--no-models")
    assert code == 0
    assert 'Setting("default_transaction_read_only", "on")' in out
    _, out, _ = inspect(address(database), "--no-models", "--schemas", "attic")
    assert "# No table is in attic. Others have tables: --schemas public\n" in out


def test_no_server():
    code, out, err = inspect("postgresql://nobody@127.0.0.1:1/nothing")
    assert (code, out) == (2, "")
    assert err.startswith("conformance: ")
    assert "Traceback" not in err


def test_wrong_models():
    code, out, err = inspect("postgresql://nobody@127.0.0.1:1/nothing", "--models", "nowhere:Base")
    assert (code, out) == (2, "")
    assert "nowhere" in err


def test_without_sqlacodegen(tmp_path):
    command = (
        "import sys; sys.modules['sqlacodegen'] = None;"
        "from conformance.__main__ import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", command, "inspect", "postgresql://nobody@127.0.0.1:1/nothing"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "conformance: Printing a whole module needs the package sqlacodegen, which is not"
        " installed. Run pip install 'timescaledb-conformance[inspect]'.\n"
    )
