"""TimescaleDB in a container, through testcontainers."""
