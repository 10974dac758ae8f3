"""Shelf: counting and linear algebra (numpy, scipy, numba)."""
