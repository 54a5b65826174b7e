"""The suite's run: pytest started on an engine, its fixtures, profiles and outcomes."""
