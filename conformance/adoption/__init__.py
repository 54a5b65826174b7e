"""How a project with a past adopts the tool: what it accepts, and its baseline."""
