"""Writers of the gate's report."""
