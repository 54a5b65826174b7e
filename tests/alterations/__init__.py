"""The comparison can fail: one change at a time, and exactly the findings that it implies."""
