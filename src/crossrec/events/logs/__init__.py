"""Shelf: one event log a file, chosen by URL scheme."""
