"""What was trained, and on what."""
