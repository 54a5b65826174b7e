"""Findings -> SQL: the statements that bring a database to what the models declare, and back."""
