"""Rehearse revisions on a database that is named a copy of a real one."""
