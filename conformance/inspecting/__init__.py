"""Facts of a living database -> the code that declares them.

One module for each subject of `conformance.declarations`, and `constraints`, `indexes` and
`sequences` for plain SQLAlchemy. These modules are pure: they read the facts that an audit judges,
so whatever is judged can be printed. `subjects` is the table of all kinds and attributes.
"""
