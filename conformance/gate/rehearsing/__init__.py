"""Run new revisions on generated rows and record everything that happens."""
