"""Values for columns, by their types."""
