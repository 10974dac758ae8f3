"""Shelf: walks and filters on the graph of users and items (numpy, scipy, numba)."""
