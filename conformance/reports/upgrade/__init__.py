"""Reports of an upgrade's rehearsal."""
