"""One writer for each format; a writer reads a report's data and nothing else."""
