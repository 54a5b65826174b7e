"""Writers of the report on an upgrade's rehearsal."""
