"""The commands, one module each.

A command imports what it needs when it runs. `--help` is therefore fast, and a command does not
need the packages of another one.
"""
