"""One writer per format; each sees a verdict and nothing else."""
