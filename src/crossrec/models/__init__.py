"""Learn and rank: the port, its contract, and the shelves of models."""
