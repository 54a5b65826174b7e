"""Audits of several databases, and of one database against another."""
