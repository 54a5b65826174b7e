"""Rehearse a pull request's migrations on generated rows, and judge what they do."""
