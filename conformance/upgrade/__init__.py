"""Rehearse a TimescaleDB upgrade in three ways, and compare the data before and after."""
