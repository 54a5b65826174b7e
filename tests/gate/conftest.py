"""The gate on a small project; `--engine` chooses where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.checking.session import session_of

from .projects import Project

if TYPE_CHECKING:
    from conformance.engines.started import Session


@pytest.fixture
def session(pytestconfig) -> Session:
    """The engine that the session's other tests use."""
    return session_of(pytestconfig)


@pytest.fixture
def project(tmp_path) -> Project:
    """With the base only."""
    return Project.made_in(tmp_path)
