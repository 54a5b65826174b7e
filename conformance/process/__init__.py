"""What a process owes its machine: signals, the cache folder, files, standard output."""
