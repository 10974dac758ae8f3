"""Simulating: worlds streamed to disk, as a data set or in the official formats, with the truth beside them."""
