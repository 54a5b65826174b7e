"""Every check of migrations fails for a project whose migration is broken in one way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import alembic
import pytest

from .projects import REVISION, Edit, check, copied_project

LOOKS_EVERYWHERE = "        include_schemas=True,\n"


@dataclass(frozen=True)
class Broken:
    """One edit of the project, and what `conformance check` must say of it."""

    edit: Edit
    selected: str
    findings: frozenset[str]


BROKEN = {
    "a table is left behind": Broken(
        Edit(
            REVISION,
            '("series_metadata", "instruments", "data_sources"):\n        op.execute',
            '("series_metadata", "instruments"):\n        op.execute',
        ),
        "test_downgrade_leaves_no_trace",
        frozenset({"migration:alembic:downgrade_leaves_no_trace"}),
    ),
    "the downgrade drops the extension": Broken(
        Edit(
            REVISION,
            "def apache_allowed() -> bool:",
            "_drop_tables = downgrade\n\n\n"
            "def downgrade() -> None:\n"
            "    _drop_tables()\n"
            '    op.execute("DROP EXTENSION IF EXISTS timescaledb CASCADE")\n\n\n'
            "def apache_allowed() -> bool:",
        ),
        "test_downgrade_leaves_no_trace or test_up_down_consistency",
        frozenset({"migration:alembic:downgrade_drops_extension"}),
    ),
    "a job is left behind": Broken(
        Edit(
            REVISION,
            "    create_quote_tables()\n",
            "    create_quote_tables()\n"
            "    op.execute(\"CREATE TYPE left_behind AS ENUM ('a')\")\n",
        ),
        "test_downgrade_leaves_no_trace",
        frozenset({"migration:alembic:downgrade_leaves_no_trace"}),
    ),
    "a statement warns": Broken(
        Edit(
            REVISION,
            "    create_hypertables()\n",
            "    create_hypertables()\n"
            "    op.execute(\"DO $$ BEGIN RAISE WARNING 'kept the old one'; END $$\")\n",
        ),
        "test_no_warning_is_raised",
        frozenset({"migration:alembic:no_warning"}),
    ),
    "offline leaves something out": Broken(
        Edit(
            REVISION,
            "    create_hypertables()\n",
            "    create_hypertables()\n"
            "    if not context.is_offline_mode():\n"
            '        op.execute("CREATE INDEX ix_online ON signals (value)")\n',
        ),
        "test_offline_sql_gives_the_same_facts",
        frozenset({"migration:alembic:offline_sql"}),
    ),
    "offline it asks the database": Broken(
        Edit(
            REVISION,
            "    create_hypertables()\n",
            "    create_hypertables()\n"
            "    op.execute(op.get_bind().exec_driver_sql(\"SELECT 'SELECT 1'\").scalar())\n",
        ),
        "test_offline_sql_gives_the_same_facts",
        frozenset({"migration:alembic:offline_sql"}),
    ),
    "offline it writes elsewhere": Broken(
        Edit(
            "alembic/env.py",
            "        literal_binds=connection is None,\n",
            "        literal_binds=connection is None,\n"
            '        output_buffer=None if connection else __import__("io").StringIO(),\n',
        ),
        "test_offline_sql_gives_the_same_facts",
        frozenset({"migration:alembic:offline_sql"}),
    ),
    "numbers given by hand": Broken(
        Edit(
            REVISION,
            "    create_hypertables()\n",
            "    create_hypertables()\n"
            '    op.execute("INSERT INTO data_sources (id, name) OVERRIDING SYSTEM VALUE VALUES"\n'
            "               \" (7, 'House desk')\")\n",
        ),
        "test_sequences_are_not_behind",
        frozenset({"migration:alembic:sequence_behind"}),
    ),
    "every run changes something": Broken(
        Edit(
            "alembic/env.py",
            "        context.run_migrations()\n",
            "        context.run_migrations()\n"
            '        context.execute("DO $$ BEGIN EXECUTE format("\n'
            "            \"'ALTER TABLE flow_data ALTER unit SET DEFAULT %L', clock_timestamp()\"\n"
            '            "); END $$")\n',
        ),
        "test_a_second_run_changes_nothing",
        frozenset({"migration:alembic:second_run"}),
    ),
    "a model without its migration": Broken(
        Edit(
            "models/signals.py",
            '        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),\n',
            '        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),\n'
            '        Index(None, "value"),\n',
        ),
        "test_alembic_check_is_quiet or test_model_definitions_match_ddl",
        frozenset({"index:signals.ix_signals_value:exists"}),
    ),
    "env.py hides every index": Broken(
        Edit(
            "alembic/env.py",
            "        include_object=include_object,\n",
            '        include_object=lambda _object, _name, kind, *_rest: kind != "index",\n',
        ),
        "test_alembic_check",
        frozenset({"migration:alembic:alembic_check_sees"}),
    ),
    "env.py looks into every schema": Broken(
        Edit("alembic/env.py", "        include_name=include_name,\n", LOOKS_EVERYWHERE),
        "test_alembic_check_is_quiet",
        frozenset({"migration:alembic:alembic_check"}),
    ),
    "a downgrade that fails": Broken(
        Edit(
            REVISION,
            "    for table, _, _ in reversed(HYPERTABLES):\n",
            '    op.execute("DROP TABLE no_such_table")\n'
            "    for table, _, _ in reversed(HYPERTABLES):\n",
        ),
        "test_up_down_consistency or test_downgrade_leaves_no_trace",
        # One error of one revision is one finding.
        frozenset({"check:test_up_down_consistency"}),
    ),
    "another chunk interval": Broken(
        Edit(
            REVISION,
            '("market_data", "timestamp", "1 month")',
            '("market_data", "timestamp", "7 days")',
        ),
        "test_fact and market_data",
        frozenset({"hypertable:market_data:chunk_interval"}),
    ),
    "an index that no model has": Broken(
        Edit(
            REVISION,
            "    create_hypertables()\n",
            "    create_hypertables()\n"
            '    op.execute("CREATE INDEX ix_of_nobody ON signals (value)")\n',
        ),
        "test_nothing_undeclared",
        frozenset({"index:signals.ix_of_nobody:exists"}),
    ),
    "an index half-built": Broken(
        Edit(
            REVISION,
            "    create_observation_tables()\n",
            "    create_observation_tables()\n"
            '    op.execute("CREATE INDEX half_built ON instruments (name)")\n'
            '    op.execute("UPDATE pg_index SET indisvalid = false"\n'
            "               \" WHERE indexrelid = 'half_built'::regclass\")\n",
        ),
        "test_policies_make_sense",
        frozenset({"index-invalid:instruments.half_built:valid"}),
    ),
}


#: The model in "a model without its migration" needs one more import.
IMPORT_INDEX = Edit(
    "models/signals.py", "import CheckConstraint,", "import CheckConstraint, Index,"
)


#: Those that no check of another one notices: one run finds all.
TOGETHER = (
    (
        "a job is left behind",
        "a statement warns",
        "offline it asks the database",
        "a model without its migration",
        "another chunk interval",
    ),
    ("a table is left behind", "env.py hides every index"),
    ("numbers given by hand", "every run changes something"),
    ("env.py looks into every schema", "a downgrade that fails"),
    ("the downgrade drops the extension", "offline leaves something out"),
    ("offline it writes elsewhere", "an index that no model has", "an index half-built"),
)


def test_all_are_tried_and_each_has_findings_of_its_own():
    assert sorted(chain.from_iterable(TOGETHER)) == sorted(BROKEN)
    for names in TOGETHER:
        findings = [BROKEN[name].findings for name in names]
        assert len(frozenset().union(*findings)) == sum(map(len, findings))


@pytest.mark.parametrize("names", TOGETHER, ids="; ".join)
def test_they_are_found(tmp_path, names):
    broken = [BROKEN[name] for name in names]
    edits = [one.edit for one in broken]
    if any(edit.file == IMPORT_INDEX.file for edit in edits):
        edits.append(IMPORT_INDEX)
    selected = " or ".join(f"({one.selected})" for one in broken)
    code, verdict, _ = check(copied_project(tmp_path, *edits), "-k", selected)
    others = {finding["id"]: finding["others"] for finding in verdict["findings"]}
    assert others.get("check:test_up_down_consistency") in (
        None,
        ["check:test_downgrade_leaves_no_trace"],
    )
    told = {finding["id"]: finding["message"] for finding in verdict["findings"]}
    assert told.keys() == set().union(*(one.findings for one in broken))
    assert (code, verdict["verdict"]) == (1, "differs")
    assert {finding["severity"] for finding in verdict["findings"]} == {"error"}
    assert all(told.values())
    for one in broken:
        for id_ in one.findings if "no_such_table" in one.edit.new else ():
            place = f"The downgrade of revision 0001 ({REVISION}, line "
            assert told[id_].startswith(f"{id_}: {place}")
            assert told[id_].endswith("The statement is: DROP TABLE no_such_table.")


def test_a_default_whose_value_differs_each_time_is_one_finding(tmp_path):
    """Both sides spell it in their own words, and Alembic compares two values of it."""
    everywhere = Edit("alembic/env.py", "        include_name=include_name,\n", LOOKS_EVERYWHERE)
    later = Edit(REVISION, "sa.func.now() if", "sa.text(\"now() + random() * interval '1 s'\") if")
    declared = Edit(
        "models/base.py",
        "CreatedAt = ",
        "from sqlalchemy import text\n\n"
        "func.now = lambda: text(\"NOW() + RANDOM() * INTERVAL '1 second'\")\n"
        "CreatedAt = ",
    )
    project = copied_project(tmp_path, everywhere, later, declared)
    _, verdict, _ = check(project, "-k", "test_facts or alembic_check or definitions")
    (told,) = verdict["findings"]
    assert told["id"] == "migration:alembic:alembic_check"
    assert "both defaults of " in told["hint"]
    assert "include_name of conformance" in told["hint"]
    assert " at 0x" not in told["message"]


def test_an_env_py_may_look_into_every_schema(tmp_path):
    """TimescaleDB's own are left out by name; what the check must see it sees there too."""
    name = "        include_name=include_name,\n"
    everywhere = Edit("alembic/env.py", name, name + LOOKS_EVERYWHERE)
    code, verdict, err = check(copied_project(tmp_path, everywhere), "-k", "test_alembic_check")
    assert (code, verdict["findings"]) == (0, []), err


def test_the_env_file_that_alembic_init_writes(tmp_path):
    """It connects by itself, to what the ini file names: it is led to where it should be."""
    project = copied_project(tmp_path)
    source = Path(alembic.__file__).parent / "templates/generic/env.py"
    models = "from models import Base\ntarget_metadata = Base.metadata"
    (project / "alembic/env.py").write_text(
        source.read_text().replace("target_metadata = None", models)
    )
    ini = (project / "alembic.ini").read_text()
    nowhere = "[alembic]\nsqlalchemy.url = postgresql://desk:secret@127.0.0.1:1/production\n"
    (project / "alembic.ini").write_text(ini.replace("[alembic]\n", nowhere, 1))
    code, verdict, err = check(project, "-k", "test_facts or test_migrations")
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
    assert verdict["counts"]["facts"] > 1000
    assert not [item for item in verdict["not_checked"] if "env.py" in item["reason"]]


def test_two_heads(tmp_path):
    project = copied_project(tmp_path)
    source = (project / REVISION).read_text()
    second = project / "alembic/versions/0002_other.py"
    second.write_text(source.replace('revision: str = "0001"', 'revision: str = "0002"'))
    could_not_run(project, "2 heads (0001, 0002)")


def test_a_migration_that_does_not_run(tmp_path):
    edit = Edit(REVISION, "    create_hypertables()\n", '    op.execute("SELECT 1/0")\n')
    could_not_run(copied_project(tmp_path, edit), "division by zero")


def test_what_a_failed_upgrade_left_behind_is_in_the_way_of_no_other_check(tmp_path):
    """Both checks migrate; the second one must not meet the half of the first."""
    line = "    create_hypertables()\n"
    half = """    op.execute("COMMIT")\n    op.execute("SELECT 1 / 0")\n"""
    project = copied_project(tmp_path, Edit(REVISION, line, line + half))
    _, verdict, _ = check(project, "-k", "test_upgrade or test_model_definitions")
    (finding,) = verdict["findings"]
    assert finding["id"] == "check:test_upgrade"
    assert "fails: DivisionByZero: division by zero" in finding["message"]
    assert finding["others"] == ["check:test_model_definitions_match_ddl"]


def test_a_model_with_a_wrong_declaration(tmp_path):
    edit = Edit("models/signals.py", 'segment_by="signal_type"', 'segment_by="signal"')
    could_not_run(
        copied_project(tmp_path, edit),
        "Signal (signals): the table has no column 'signal' (segment_by)",
    )


def could_not_run(project, words):
    code, verdict, err = check(project)
    assert (code, verdict["verdict"]) == (2, "could_not_run")
    assert words in verdict["message"]
    assert "Traceback" not in err


def test_a_missing_index_is_one_finding_of_all_checks(tmp_path):
    broken = BROKEN["a model without its migration"]
    project = copied_project(tmp_path, broken.edit, IMPORT_INDEX)
    code, verdict, _ = check(project, "-k", f"test_fact or {broken.selected}")
    told = {finding["id"]: finding["severity"] for finding in verdict["findings"]}
    assert (code, told) == (1, {"index:signals.ix_signals_value:exists": "error"})
    assert verdict["counts"]["consequences"] > 0


COMMENTED = Edit(
    "models/signals.py",
    "    confidence: Mapped[float | None]\n",
    '    confidence: Mapped[float | None] = mapped_column(comment="From 0 to 1.")\n',
)
ABOUT_COMMENT = "comment:signals.confidence:exists"


def test_a_missing_comment_is_a_warning_of_all_checks(tmp_path):
    """Of all that compare with the models."""
    project = copied_project(tmp_path, COMMENTED)
    code, verdict, _ = check(project, "-k", "test_facts or alembic_check or definitions")
    told = {finding["id"]: finding["severity"] for finding in verdict["findings"]}
    assert (code, told) == (0, {ABOUT_COMMENT: "warning"})


def test_a_missing_comment_hides_no_other_proposal(tmp_path):
    """env.py proposes to drop TimescaleDB's own tables: these follow from no fact.

    The noisy check is told what env.py is offered.
    """
    everywhere = Edit("alembic/env.py", "        include_name=include_name,\n", LOOKS_EVERYWHERE)
    project = copied_project(tmp_path, COMMENTED, everywhere)
    code, verdict, _ = check(project, "-k", "test_alembic_check_is_quiet")
    told = {finding["id"]: finding for finding in verdict["findings"]}
    assert (code, set(told)) == (1, {ABOUT_COMMENT, "migration:alembic:alembic_check"})
    about_env_py = told["migration:alembic:alembic_check"]
    assert "confidence" not in about_env_py["message"]
    assert "include_name of conformance" in about_env_py["hint"]
