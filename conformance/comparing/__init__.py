"""Facts of both sides, their comparison, and the verdict: pure, without a database."""
