"""Projects in the shapes that people have: from their configuration alone to a verdict."""

from __future__ import annotations

import pytest

from .projects import check
from .shapes import SHAPES, made, sqlmodel

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_it_conforms(tmp_path, shape):
    """All of the suite; nothing of the project is changed for it, and nothing is printed."""
    code, verdict, err = check(made(shape, tmp_path))
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
    assert verdict["counts"]["facts"] > 50
    assert verdict["counts"]["rows"] > 20
    assert "INFO" not in err


def test_a_stock_env_py_that_compares_the_default_schema_alone(tmp_path):
    """What `alembic init` writes: autogenerate would create every table of another schema again."""
    project = made(sqlmodel, tmp_path)
    env = project / "migrations/env.py"
    text = env.read_text()
    assert text.count("include_schemas=True, ") == 1
    env.write_text(text.replace("include_schemas=True, ", ""))
    code, verdict, _ = check(project, "-k", "test_alembic_check_is_quiet")
    (finding,) = verdict["findings"]
    assert (code, finding["id"]) == (1, "migration:alembic:alembic_check")
    assert "add_table lab.samples" in finding["message"]
    assert "pass include_schemas=True, and include_name of conformance, to" in finding["hint"]
