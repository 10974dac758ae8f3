"""Work that goes on without a person waiting for it."""
