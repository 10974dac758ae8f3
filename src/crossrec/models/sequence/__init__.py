"""Shelf: what comes next, from the order of a history."""
