"""The default TimescaleDB image; docker-compose.yml names the same one."""

DEFAULT_IMAGE = "timescale/timescaledb:2.29.2-pg17"
