"""How a data set lies on disk: immutable parts named by content, a manifest for each version, one writer at a time."""
