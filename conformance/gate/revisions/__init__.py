"""The new revisions, their files, and the findings that they accept."""
