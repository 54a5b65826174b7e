"""Rehearse a pull request's migrations on generated rows and judge their effects."""
