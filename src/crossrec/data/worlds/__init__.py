"""Worlds: simulated interactions whose truth is known, as a data set or in the official formats."""
