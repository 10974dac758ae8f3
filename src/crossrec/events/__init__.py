"""Facts in, in order, once."""
