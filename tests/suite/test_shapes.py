"""Projects in the shapes that people have: from their configuration alone to a verdict."""

from __future__ import annotations

import pytest

from .projects import check
from .shapes import SHAPES, made

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_it_conforms(tmp_path, shape):
    """All of the suite; nothing of the project is changed for it, and nothing is printed."""
    code, verdict, err = check(made(shape, tmp_path))
    assert (code, verdict["verdict"], verdict["findings"]) == (0, "conforms", []), err
    assert verdict["counts"]["facts"] > 50
    assert verdict["counts"]["rows"] > 20
    assert "INFO" not in err
