"""A server for what the embedded engine's single session cannot show."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def on_a_server():
    """The options of `conformance check` for a server with several sessions."""
    if url := os.environ.get("TEST_SERVER_URL"):
        return "--engine", url
    if image := os.environ.get("TEST_IMAGE"):
        return "--engine", "container", "--image", image
    pytest.skip("neither TEST_SERVER_URL nor TEST_IMAGE names a server with several sessions")
