"""crossrec data: one command a file."""
