"""The gate's rules: evidence -> findings. Pure."""
