"""Rows from metadata."""
