"""CHECK constraints, read into what they allow."""
