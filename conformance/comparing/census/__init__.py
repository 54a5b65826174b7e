"""The census: every object of the catalogs in scope is judged, accepted, or named as seen.

`treatment` says what a treatment is, `postgresql` and `timescaledb` are the tables: one entry for
each relation of the server's catalogs. `accounting` sorts the objects that were found.
"""
