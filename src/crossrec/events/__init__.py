"""What happened, as facts from the outside: in order, once, and erasable."""
