"""Models of the order in which things were done."""
