"""A run of the suite keeps a failing example and a seed for the next run."""

from __future__ import annotations

import shutil

from .projects import REVISION, Edit, check, copied_project

CONFIDENCE_IS_SWALLOWED = Edit(
    REVISION,
    "    create_hypertables()\n",
    """    create_hypertables()
    op.execute(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN CASE WHEN NEW.confidence > 0.5 THEN NULL ELSE NEW END; END'"
    )
    op.execute(
        "CREATE TRIGGER swallow BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION swallow()"
    )
""",
)
ONE_PROPERTY = ("-k", "test_insert_new_keeps_the_first and signals")
#: Of another seed one example is too few to find it.
ONE_EXAMPLE = ("--examples", "1", "--seed", "2")


def test_the_next_run_tries_what_failed_first(tmp_path):
    project = copied_project(tmp_path, CONFIDENCE_IS_SWALLOWED)
    code, first, err = check(project, *ONE_PROPERTY, "--profile", "thorough")
    assert code == 1, err
    code, second, err = check(project, *ONE_PROPERTY, *ONE_EXAMPLE)
    assert code == 1, err
    assert second["findings"] == first["findings"]
    assert second["counts"]["examples"] < first["counts"]["examples"]

    shutil.rmtree(project / "cache" / "examples")
    code, verdict, _ = check(project, *ONE_PROPERTY, *ONE_EXAMPLE)
    assert (code, verdict["counts"]["examples"]) == (0, 1)


def test_the_seed_of_a_nightly_run_repeats_it(tmp_path):
    """Whatever process of pytest-xdist draws from it."""
    project = copied_project(tmp_path)
    nightly = ("-k", "test_rows and (curves or signals) and pieces", "--profile", "nightly")
    _, first, _ = check(project, *nightly, "--examples", "7", "-n", "2")
    seed = first["generated"]["seed"]
    assert first["generated"] == {"profile": "nightly", "examples": 7, "seed": seed}
    assert first["counts"]["examples"] == 14

    _, same, _ = check(project, *nightly, "--examples", "7", "--seed", str(seed))
    assert same["generated"] == first["generated"]
    assert same["counts"] == first["counts"]
