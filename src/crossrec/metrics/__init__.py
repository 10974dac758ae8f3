"""Numbers about lists and ratings: pure functions on arrays."""
