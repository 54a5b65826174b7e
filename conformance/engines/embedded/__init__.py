"""TimescaleDB compiled to WebAssembly, run by node."""
