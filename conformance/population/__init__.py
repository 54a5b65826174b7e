"""Rows in a database: generated, sampled, digested."""
