"""How alike domains are: what both say about the same persons, and pictures of one space over all."""
