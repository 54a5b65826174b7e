"""Find the line of a model or of a revision that a finding is about."""
