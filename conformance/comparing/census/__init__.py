"""The census: every object of the catalogs in scope is judged, accepted, or named as seen.

`postgresql` and `timescaledb` have an entry for each relation of the server's catalogs; `treatment`
defines the entries.
"""
