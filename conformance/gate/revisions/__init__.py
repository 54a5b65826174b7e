"""The revisions that are new, their files, and what they accept."""
