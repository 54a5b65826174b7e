"""Why a way to the new version was not gone, or did not lead there."""

from __future__ import annotations


class WayNotOpen(Exception):
    """This way cannot be tried here: not checked, with the reason."""


class WayFailed(Exception):
    """This way was tried and does not lead to the new version: a finding."""
