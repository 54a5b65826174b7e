"""What the gate concludes from its evidence: pure."""
