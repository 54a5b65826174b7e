"""What a verdict costs, measured side by side: `python -m benchmarks`, or `make bench`."""
