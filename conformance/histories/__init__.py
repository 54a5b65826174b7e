"""Histories of writes on a hypertable and on a plain table, which must stay the same.

The plain table, its twin, is the oracle: it has the hypertable's constraints, from the metadata.
"""
