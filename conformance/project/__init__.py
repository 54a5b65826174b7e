"""The user's project: its models, and its migrations confined to our databases."""
