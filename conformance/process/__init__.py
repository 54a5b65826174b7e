"""How a process treats its machine: signals, the cache folder, files, standard output."""
