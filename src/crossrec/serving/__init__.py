"""Answer over the network."""
