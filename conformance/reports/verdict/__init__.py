"""Writers of a verdict."""
