"""The TimescaleDB image, named in one place; docker-compose.yml names the same."""

DEFAULT_IMAGE = "timescale/timescaledb:2.29.2-pg17"
