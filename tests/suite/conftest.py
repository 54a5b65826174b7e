"""A server for what the embedded engine's single session cannot show."""

from __future__ import annotations

import pytest


@pytest.fixture
def on_a_server(server):
    """The options of `conformance check` for a server with several sessions."""
    return "--engine", server.render_as_string(hide_password=False)
