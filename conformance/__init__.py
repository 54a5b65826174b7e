"""Prove that a TimescaleDB schema is what its SQLAlchemy models say."""
