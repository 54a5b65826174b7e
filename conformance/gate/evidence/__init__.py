"""The evidence of a rehearsal and the report on it: plain data."""
