"""TimescaleDB on a throwaway cluster of the PostgreSQL that is installed on this machine."""
