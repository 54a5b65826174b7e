"""The project's tests run with the suite's fixtures and options."""

pytest_plugins = ["conformance.pytest_plugin"]
