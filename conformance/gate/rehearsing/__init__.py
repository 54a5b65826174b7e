"""New revisions run on generated rows, and everything that happens is noted."""
