"""Rehearse a TimescaleDB upgrade: the same data before it and after it, on three ways."""
