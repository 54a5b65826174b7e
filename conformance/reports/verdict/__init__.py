"""Reports of a verdict."""
