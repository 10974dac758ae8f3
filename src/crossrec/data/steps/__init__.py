"""Shelf of steps: what cleaning does to a table of interactions."""
