"""Reports as one self-contained HTML file, which asks no server for anything."""
