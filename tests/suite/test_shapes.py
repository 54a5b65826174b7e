"""Projects in the shapes that people have: from their configuration alone to a verdict."""

from __future__ import annotations

import pytest

from .projects import check
from .shapes import SHAPES, made, own_schema, sqlmodel

pytestmark = pytest.mark.slow


#: What env.py, as `alembic init` writes it, makes autogenerate propose; the schema is right.
NOISE = {sqlmodel: "add_table lab.samples", own_schema: "add_table daily_depths"}
OFFERED = {
    sqlmodel: "pass include_schemas=True, and include_name of conformance, to context.configure()",
    own_schema: "pass include_object of conformance to context.configure()",
}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_it_conforms(tmp_path, shape):
    """All of the suite; nothing of the project is changed for it, and nothing is printed."""
    code, verdict, err = check(made(shape, tmp_path))
    assert (code, verdict["verdict"]) == (0, "conforms"), err
    assert verdict["counts"]["facts"] > 50
    assert verdict["counts"]["rows"] > 20
    assert "INFO" not in err
    told = {item["id"]: item for item in verdict["findings"]}
    noise = told.pop("migration:alembic:alembic_check", None)
    assert told == {}
    assert (noise is not None) == (shape in NOISE)
    if noise:
        assert noise["severity"] == "warning"
        assert (
            f"env.py does not compare all that the models declare: {NOISE[shape]}"
            in (noise["message"])
        )
        assert OFFERED[shape] in noise["hint"]


def test_a_stock_env_py_hides_no_missing_index(tmp_path):
    """Autogenerate is asked about the other schema too, whatever env.py compares."""
    project = made(sqlmodel, tmp_path)
    models = project / "lab/samples.py"
    text = models.read_text()
    line = "depth: float | None = Field(default=None, "
    assert text.count(line) == 1
    models.write_text(
        text.replace(line, f"{line}index=True, ").replace(
            "sa_column=Column(Double)", "sa_type=Double"
        )
    )
    code, verdict, _ = check(
        project, "-k", "test_alembic_check_is_quiet or test_model_definitions_match_ddl"
    )
    told = {item["id"]: item for item in verdict["findings"]}
    assert (code, {id_: item["severity"] for id_, item in told.items()}) == (
        1,
        {
            "index:lab.samples.ix_lab_samples_depth:exists": "error",
            "migration:alembic:alembic_check": "warning",
        },
    )
    finding = told["migration:alembic:alembic_check"]
    assert "ix_lab_samples_depth" not in finding["message"]
    assert OFFERED[sqlmodel] in finding["hint"]
