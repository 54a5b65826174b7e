"""Tests of the strategies that draw rows."""
