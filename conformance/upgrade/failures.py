"""Errors of a way to the new version."""

from __future__ import annotations


class WayUnavailable(Exception):
    """The way cannot be tried here and is not checked; the message is the reason."""


class WayFailed(Exception):
    """The way was tried and fails, which is a finding."""
