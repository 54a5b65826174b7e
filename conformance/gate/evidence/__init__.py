"""What a rehearsal saw, and what is reported of it: plain data."""
