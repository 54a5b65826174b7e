"""Throwaway databases on a server that is reached by a URL."""
