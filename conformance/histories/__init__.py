"""Histories of writes: a hypertable and a plain table that gets the same, told apart.

The oracle is the twin: a plain table with the hypertable's constraints, made from the metadata.
"""
