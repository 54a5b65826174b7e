"""The checks. Run them with pytest: `pytest --pyargs conformance.suite`."""
